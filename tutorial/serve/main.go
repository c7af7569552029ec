// Command serve runs one server of the tutorial on :8080, or on :PORT.
package main

import (
	"cmp"
	"fmt"
	"log"
	"os"

	"github.com/lameduck-dev/lameduck/tutorial"
)

func main() {
	for _, s := range tutorial.Servers {
		if len(os.Args) == 2 && os.Args[1] == s.Name {
			if err := s.Main(":" + cmp.Or(os.Getenv("PORT"), "8080")); err != nil {
				log.Fatal(err)
			}
			return
		}
	}
	fmt.Fprintln(os.Stderr, "usage: serve NAME")
	for _, s := range tutorial.Servers {
		fmt.Fprintf(os.Stderr, "  %-12s%s\n", s.Name, s.Summary)
	}
	os.Exit(2)
}
