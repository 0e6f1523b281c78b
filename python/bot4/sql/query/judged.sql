-- How close did an order come to each limit as it passed it?
SELECT id, reduces, uses FROM orders WHERE id = :id;
