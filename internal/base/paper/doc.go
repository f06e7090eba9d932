// Package paper lays out what is printed. A slip is text of a fixed width for the printers of tills: 32, 40
// or 48 columns, one column a character, accented letters included. It knows no domain word.
package paper
