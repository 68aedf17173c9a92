#!/bin/sh
# Runs once, when the container's data folder is new: the platform's role and database, and the warehouse's.
set -eu
psql --set=ON_ERROR_STOP=1 --username postgres --set=weir="$WEIR_POSTGRES_PASSWORD" --set=warehouse="$WEIR_WAREHOUSE_PASSWORD" <<'SQL'
create role weir login createdb password :'weir';
create role warehouse login password :'warehouse';
create database weir owner weir;
create database warehouse owner warehouse;
revoke all on database weir, warehouse from public;
SQL
