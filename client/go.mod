module lojal/client

go 1.26.0
