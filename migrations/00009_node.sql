-- What the installation itself remembers: the test clock, the state of its own long jobs.
-- +goose Up
CREATE TABLE node (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);
-- place node: everywhere, without rowid
