select stop_id, stop_name, stop_lat, stop_lon, coalesce(location_type, 0) as location_type, parent_station
from bronze.stops
