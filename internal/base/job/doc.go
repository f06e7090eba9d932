// Package job holds what background work shares: the form of events that leave the house and of those who
// take them, and crews that do work side by side.
//
// What always holds: a crew has one worker a name, so that what must keep an order keeps it; a crew that is
// told to stop has stopped when Wait returns. It knows no table, no timer and no domain word.
package job
