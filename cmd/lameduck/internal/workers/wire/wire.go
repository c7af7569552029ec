// Package wire is the protocol of a worker and its coordinator: a JSON
// object a line, commands to the worker, messages from it.
package wire

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/traffic"
)

// Protocol changes whenever a worker and a coordinator of two versions would
// not work together.
const Protocol = 4

// longest is the longest line in bytes: a batch of attempts that all failed
// with long details is far below.
const longest = 4 << 20

// Command is a message from the coordinator to a worker. One of its fields is
// set.
type Command struct {
	Hello bool        `json:"hello,omitempty"` // request a Hello
	Ping  uint64      `json:"ping,omitempty"`  // request a Pong
	Start *Assignment `json:"start,omitempty"`
	Stop  bool        `json:"stop,omitempty"`  // begin no more attempts, wait for those in progress
	Abort bool        `json:"abort,omitempty"` // cancel those in progress
}

// Message is a message from a worker to the coordinator. One of its fields is
// set.
type Message struct {
	Hello    *Hello             `json:"hello,omitempty"`
	Pong     *Pong              `json:"pong,omitempty"`
	Started  bool               `json:"started,omitempty"` // the assignment is accepted
	Attempts []timeline.Attempt `json:"attempts,omitempty"`
	Done     *Done              `json:"done,omitempty"`   // after the last attempt of a load
	Failed   string             `json:"failed,omitempty"` // the worker ends, and why
}

// Hello identifies a worker.
type Hello struct {
	Protocol int    `json:"protocol"`
	Version  string `json:"version"`
	Pod      string `json:"pod"`
	Node     string `json:"node"`
	Control  string `json:"control"` // where it is a control target
}

// Pong answers a ping. Moments are on the worker's own clock.
type Pong struct {
	Ping     uint64        `json:"ping"`
	Received time.Duration `json:"heard"`
	Answered time.Duration `json:"answered"`
	Wall     time.Time     `json:"wall"` // its wall clock, when it answered
}

// Assignment is the load of one worker.
type Assignment struct {
	Targets []string      `json:"targets"` // host:port; a name is resolved at each dial
	Control string        `json:"control"` // host:port
	Begin   time.Duration `json:"begin"`   // on the worker's clock
	Spec    traffic.Spec  `json:"spec"`    // with the rate of this worker; zero: no traffic at all
}

// Done is how many attempts a load made.
type Done struct {
	Counts []Count `json:"counts"`
}

// Lines reads the messages of the other side, a line at a time.
type Lines struct{ *bufio.Scanner }

// NewLines reads lines of up to 4 MiB.
func NewLines(r io.Reader) Lines {
	s := bufio.NewScanner(r)
	s.Buffer(make([]byte, 64<<10), longest)
	s.Split(wholeLines)
	return Lines{s}
}

// wholeLines leaves out an incomplete line at the end of a stream that broke:
// the error of the stream is more useful.
func wholeLines(data []byte, atEOF bool) (advance int, token []byte, err error) {
	if atEOF && bytes.IndexByte(data, '\n') < 0 {
		return len(data), nil, nil
	}
	return bufio.ScanLines(data, false)
}

// Next is the next line, or io.EOF.
func (l Lines) Next() ([]byte, error) {
	if l.Scan() {
		return l.Bytes(), nil
	}
	if err := l.Err(); err != nil {
		return nil, err
	}
	return nil, io.EOF
}

func ParseCommand(line []byte) (o Command, err error) {
	err = parse(line, &o)
	if err == nil && only(o.Hello, o.Ping != 0, o.Start != nil, o.Stop, o.Abort) != nil {
		err = errNotOne
	}
	return o, err
}

func ParseMessage(line []byte) (w Message, err error) {
	err = parse(line, &w)
	if err == nil && only(w.Hello != nil, w.Pong != nil, w.Started, len(w.Attempts) > 0, w.Done != nil, w.Failed != "") != nil {
		err = errNotOne
	}
	return w, err
}

func parse(line []byte, into any) error {
	if err := json.Unmarshal(line, into); err != nil {
		return fmt.Errorf("invalid message (%d bytes): %w", len(line), err)
	}
	return nil
}

var errNotOne = errors.New("a message must set exactly one field")

func only(set ...bool) error {
	n := 0
	for _, s := range set {
		if s {
			n++
		}
	}
	if n != 1 {
		return errNotOne
	}
	return nil
}

// Write writes a message with one call of Write.
func Write(to io.Writer, message any) error {
	line, err := json.Marshal(message)
	if err != nil {
		return err
	}
	_, err = to.Write(append(line, '\n'))
	return err
}
