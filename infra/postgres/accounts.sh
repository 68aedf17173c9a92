#!/bin/sh
# Runs once, when the container's data folder is new: the roles and databases of the platform, the warehouse and the schema registry.
set -eu
psql --set=ON_ERROR_STOP=1 --username postgres --set=weir="$WEIR_POSTGRES_PASSWORD" --set=warehouse="$WEIR_WAREHOUSE_PASSWORD" --set=registry="$WEIR_REGISTRY_PASSWORD" <<'SQL'
create role weir login createdb password :'weir';
create role warehouse login password :'warehouse';
create role registry login password :'registry';
create database weir owner weir;
create database warehouse owner warehouse;
create database registry owner registry;
revoke all on database weir, warehouse, registry from public;
SQL
