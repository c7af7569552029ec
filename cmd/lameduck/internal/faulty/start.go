package main

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/lameduck-dev/lameduck"
)

// startsSlowly listens 1.5 s after it was started.
func startsSlowly(args []string) error {
	time.Sleep(1500 * time.Millisecond)
	return clean(args)
}

// startsOnlyOnce listens in the first pod of a lab, and never in those that
// come to replace it.
func startsOnlyOnce(args []string) error {
	if !strings.HasSuffix(os.Getenv("HOSTNAME"), "-1") {
		return idles(args)
	}
	return clean(args)
}

// listensOn serves at the address in its argument, wherever clients are sent.
func listensOn(args []string) error {
	if len(args) != 1 {
		return errors.New("usage: faulty listens-on ADDRESS")
	}
	return http.ListenAndServe(args[0], http.HandlerFunc(answer))
}

// respondsWith terminates well, and responds to every request with the status in
// its argument.
func respondsWith(args []string) error {
	if len(args) != 1 {
		return errors.New("usage: faulty responds-with STATUS")
	}
	status, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	return lameduck.ListenAndServe(addr(), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(status)
	}))
}

// fails exits with the code in its argument, after writing a line.
func fails(args []string) error {
	if len(args) != 1 {
		return errors.New("usage: faulty fails CODE")
	}
	code, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	fmt.Fprintln(os.Stderr, "the configuration is missing")
	os.Exit(code)
	return nil
}

// idles runs, and never listens.
func idles([]string) error {
	time.Sleep(time.Hour)
	return nil
}
