-- What every version of the specification has had, under one name.
select source, id, type, "time", coalesce(datacontenttype, 'application/json') as datacontenttype, data
from bronze.events
