package freeaddr

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
)

const taken = 3 * blockSize / 2 // by each process, so that each needs a second block

// TestMain makes this binary a process that takes addresses, prints them, and
// keeps them until its input ends.
func TestMain(m *testing.M) {
	if os.Getenv("FREEADDR_TAKE") == "" {
		os.Exit(m.Run())
	}
	ports := blocks{} // all begin at the same block
	for range taken {
		addr, err := ports.take()
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Println(addr)
	}
	os.Stdout.Close()
	io.Copy(io.Discard, os.Stdin)
}

func TestProcessesShareNoAddress(t *testing.T) {
	const processes = 4
	outputs := make([]io.Reader, processes)
	var holds []io.Closer
	for i := range outputs {
		cmd := exec.CommandContext(t.Context(), os.Args[0])
		cmd.Env = append(os.Environ(), "FREEADDR_TAKE=1")
		cmd.Stderr = t.Output()
		hold, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		if outputs[i], err = cmd.StdoutPipe(); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		defer cmd.Wait() // after all of them may end
		holds = append(holds, hold)
	}
	defer func() {
		for _, hold := range holds {
			hold.Close()
		}
	}()
	process := map[string]int{}
	for i, output := range outputs {
		var out bytes.Buffer
		if _, err := out.ReadFrom(output); err != nil {
			t.Fatal(err)
		}
		addrs := strings.Fields(out.String())
		if len(addrs) != taken {
			t.Errorf("process %d took %d addresses, want %d", i, len(addrs), taken)
		}
		for _, addr := range addrs {
			if other, ok := process[addr]; ok {
				t.Errorf("%s is taken by process %d and by process %d", addr, other, i)
			}
			process[addr] = i
		}
	}
}
