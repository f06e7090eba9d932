// Command lojal runs a merchant's whole card business: the server, its tools and its proofs.
package main

import (
	"os"

	"lojal/internal/lab/cli"
)

func main() { os.Exit(cli.Main(os.Args[1:])) }
