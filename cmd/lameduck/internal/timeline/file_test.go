package timeline

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// randomRun sets every field of a run, of its events and of its attempts.
func randomRun(r *rand.Rand) *Run {
	run := fill(reflect.New(reflect.TypeFor[Run]()).Elem(), r).Addr().Interface().(*Run)
	run.Start = time.Date(2026, 1, 2, 3, 4, 5, r.IntN(1e9), time.UTC)
	for i := range run.Attempts {
		run.Attempts[i].PodBy, run.Attempts[i].Void = Observed, false // what is concluded is not in the file
		for _, m := range []*Moment{&run.Attempts[i].Started, &run.Attempts[i].Sent, &run.Attempts[i].EndedConn} {
			if r.IntN(2) == 0 {
				*m = Never
			}
		}
	}
	return run
}

// fill sets a value and all that is in it.
func fill(v reflect.Value, r *rand.Rand) reflect.Value {
	switch v.Kind() {
	case reflect.Struct:
		for field, inner := range v.Fields() {
			if field.IsExported() {
				fill(inner, r)
			}
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1+r.IntN(5), 10))
		for i := range v.Len() {
			fill(v.Index(i), r)
		}
	case reflect.String:
		v.SetString(fmt.Sprintf("<%d é \"\n%c>", r.IntN(100), rune(0x2028)))
	case reflect.Bool:
		v.SetBool(r.IntN(2) == 0)
	case reflect.Uint64:
		v.SetUint(r.Uint64())
	default:
		v.SetInt(1 + r.Int64N(1<<40))
	}
	return v
}

// TestRoundTrip: a run is the same after it was written and read.
func TestRoundTrip(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		run := randomRun(r)
		got, err := readAll(bytes.NewReader(written(t, run)))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(run, got); diff != "" {
			t.Fatal(diff)
		}
		again, err := reopened(string(written(t, run)))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(run, again); diff != "" {
			t.Fatal("opened: ", diff)
		}
	}
}

// readAll reads a run as a stream.
func readAll(r io.Reader) (*Run, error) {
	in, err := NewReader(r)
	if err != nil {
		return nil, err
	}
	run := &Run{}
	for item, err := range in.Items() {
		switch {
		case err != nil:
			return nil, err
		case item.Event != nil:
			run.Events = append(run.Events, *item.Event)
		default:
			run.Attempts = append(run.Attempts, *item.Attempt)
		}
	}
	events, attempts := run.Events, run.Attempts
	*run = in.Run
	run.Events, run.Attempts = events, attempts
	return run, nil
}

// reopened reads a run as its report does: the events first, the attempts twice.
func reopened(text string) (*Run, error) {
	run, attempts, err := OpenRun(strings.NewReader(text))
	if err != nil {
		return nil, err
	}
	for range 2 {
		run.Attempts = nil
		if err := attempts(func(a *Attempt) { run.Attempts = append(run.Attempts, *a) }); err != nil {
			return nil, err
		}
	}
	return run, nil
}

func written(t testing.TB, run *Run) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, run); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestConclusionsAreNotSaved: a file has what was observed.
func TestConclusionsAreNotSaved(t *testing.T) {
	run := &Run{Attempts: []Attempt{{Pod: "a"}, {Pod: "b", PodBy: Inferred}, {Pod: "c", PodBy: Probable}}}
	got, err := readAll(bytes.NewReader(written(t, run)))
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"a", "", ""} {
		if a := got.Attempts[i]; a.Pod != want || a.PodBy != Observed {
			t.Errorf("attempt %d has pod %q by %q, want %q", i, a.Pod, a.PodBy, want)
		}
	}
}

// TestNeverIsNull: in JSON, and a moment that is left out never came.
func TestNeverIsNull(t *testing.T) {
	text := string(written(t, &Run{Attempts: []Attempt{{Started: Never, Sent: Never, Ended: 5, EndedConn: Never}}}))
	for _, want := range []string{`"started":null`, `"sent":null`, `"ended":5`, `"conn_ended":null`} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is not in %s", want, text)
		}
	}
	var a Attempt
	if err := a.UnmarshalJSON([]byte(`{"ended":5}`)); err != nil || a.Started != Never || a.Sent != Never || a.EndedConn != Never || a.Ended != 5 {
		t.Errorf("%+v (%v)", a, err)
	}
}

// few is a small run as a file.
func few(t testing.TB) string {
	return string(written(t, &Run{Stage: "lab", Events: []Event{{At: 1, Pod: "a", Kind: Started}}, Attempts: []Attempt{{Pattern: "new"}, {Pattern: "new"}}}))
}

func TestBadFiles(t *testing.T) {
	good := few(t)
	lines := strings.SplitAfter(good, "\n")
	for _, tt := range []struct {
		name, text string
		want       error
		message    string
	}{
		{"empty", "", ErrNotARun, "not a saved run: it has no complete line"},
		{"no line ends", lines[0][:len(lines[0])-1], ErrNotARun, "it has no complete line"},
		{"only the header", lines[0], ErrTruncated, "a saved run that ends too early: after line 1"},
		{"without the end", strings.Join(lines[:4], ""), ErrTruncated, "after line 4"},
		{"in the middle of a line", good[:len(good)-3], ErrTruncated, "after line 4"},
		{"a line is missing", lines[0] + lines[1] + lines[3] + lines[4], ErrTruncated, "it has 1 events and 1 attempts of 1 and 2"},
		{"a line is there twice", lines[0] + lines[1] + lines[2] + good[len(lines[0]+lines[1]):], ErrTruncated, "1 events and 3 attempts of 1 and 2"},
		{"two files", good + good, ErrDamaged, "line 6 is after the end"},
		{"a report", "{\n  \"version\": 2,\n  \"verdict\": \"pass\"\n}\n", ErrNotARun, "the first line is not a header"},
		{"a report in a line", `{"version":2,"verdict":"pass"}` + "\n", ErrNotARun, "the first line is not a header"},
		{"null", "null\n", ErrNotARun, "the first line is not a header"},
		{"a list", "[1]\n", ErrNotARun, "the first line is not a header"},
		{"a manifest", "apiVersion: apps/v1\n", ErrNotARun, "the first line is not a header"},
		{"binary", "\x7fELF\x02\x00\x00\n\x00", ErrNotARun, "the first line is not a header"},
		{"another version", strings.Replace(good, `"version":1`, `"version":7`, 1), ErrVersion, "of another version than 1: its version is 7"},
		{"no version", strings.Replace(good, `"version":1,`, ``, 1), ErrVersion, "its version is 0"},
		{"another version with other fields", `{"file":"lameduck-run","version":2,"stage":7}` + "\n", ErrVersion, "its version is 2"},
		{"a wrong field in the header", strings.Replace(good, `"stage":"lab"`, `"stage":7`, 1), ErrDamaged, `line 1: "stage" cannot be a number`},
		{"a wrong field in a line", lines[0] + lines[1] + `{"attempt":{"pattern":5}}` + "\n" + lines[3] + lines[4], ErrDamaged, `line 3: "pattern" cannot be a number`},
		{"a line of another kind", lines[0] + `{"note":"x"}` + "\n" + lines[4], ErrDamaged, "line 2 is not one event, attempt or end"},
		{"two in a line", lines[0] + `{"event":{},"attempt":{}}` + "\n" + lines[4], ErrDamaged, "line 2 is not one event, attempt or end"},
		{"null in a line", lines[0] + lines[1] + `{"attempt":null}` + "\n" + lines[3] + lines[4], ErrDamaged, "line 3 is not one event, attempt or end"},
		{"a moment that no run has", lines[0] + `{"event":{"at":9223372036854775807}}` + "\n" + lines[4], ErrDamaged, "line 2 has a time of 2562047h"},
		{"one before that", lines[0] + lines[1] + `{"attempt":{"sent":-9223372036854775808}}` + "\n" + lines[3] + lines[4], ErrDamaged, "line 3 has a time of -2562047h"},
		{"a header with such a time", strings.Replace(good, `"grace":0`, `"grace":99999999999999999`, 1), ErrDamaged, "line 1 has a time of "},
		{"an end with such a time", strings.Replace(good, `"duration":0`, `"duration":99999999999999999`, 1), ErrDamaged, "line 5 has a time of "},
		{"an empty line", lines[0] + "\n" + lines[1], ErrDamaged, "line 2: unexpected end of JSON input"},
		{"no JSON", lines[0] + lines[1] + "oops\n", ErrDamaged, "line 3: invalid character 'o'"},
		{"a line without end", lines[0] + strings.Repeat("x", longestLine+1) + "\n", ErrDamaged, "line 2 is longer than 16777216 bytes"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, read := range []func(string) (*Run, error){reopened, func(text string) (*Run, error) { return readAll(strings.NewReader(text)) }} {
				run, err := read(tt.text)
				if !errors.Is(err, tt.want) || run != nil {
					t.Fatalf("%v, want %v", err, tt.want)
				}
				if !strings.Contains(err.Error(), tt.message) || strings.Contains(err.Error(), "\n") {
					t.Errorf("%q is not one line with %q", err, tt.message)
				}
			}
		})
	}
}

// TestEveryCutIsSeen: no part of a file from its beginning is taken for the
// whole.
func TestEveryCutIsSeen(t *testing.T) {
	good := few(t)
	for n := range len(good) - 1 {
		if _, err := reopened(good[:n]); !errors.Is(err, ErrTruncated) && !errors.Is(err, ErrNotARun) {
			t.Fatalf("cut after %d bytes of %d: %v", n, len(good), err)
		}
	}
}

// TestNewFieldsAreIgnored: a later tool may add some to the same version.
func TestNewFieldsAreIgnored(t *testing.T) {
	text := strings.ReplaceAll(few(t), `{"`, `{"added":[{"x":1}],"`)
	run, err := readAll(strings.NewReader(text))
	if err != nil || len(run.Attempts) != 2 || run.Events[0].Pod != "a" || run.Stage != "lab" {
		t.Errorf("%+v (%v)", run, err)
	}
}

func TestTheErrorOfTheDiskIsKept(t *testing.T) {
	broken := errors.New("the disk is broken")
	good := few(t)
	for _, n := range []int{0, 20, len(good) / 2, len(good)} {
		_, err := readAll(io.MultiReader(strings.NewReader(good[:n]), iotest.ErrReader(broken)))
		if !errors.Is(err, broken) || errors.Is(err, ErrTruncated) || errors.Is(err, ErrNotARun) {
			t.Errorf("after %d bytes: %v", n, err)
		}
	}
	w := NewWriter(failing{broken}, &Run{})
	for range 1000 {
		w.Attempt(Attempt{})
	}
	if err := w.End(&Run{}); !errors.Is(err, broken) {
		t.Errorf("writing: %v", err)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

// TestAFileThatChanges between the first reading and the second.
func TestAFileThatChanges(t *testing.T) {
	good := few(t)
	file := &replaced{strings.NewReader(good)}
	_, attempts, err := OpenRun(file)
	if err != nil {
		t.Fatal(err)
	}
	file.ReadSeeker = strings.NewReader(string(written(t, &Run{Attempts: make([]Attempt, 3)})))
	if err := attempts(func(*Attempt) {}); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), "it had 2 attempts, and has 3 now") {
		t.Error(err)
	}
	file.ReadSeeker = strings.NewReader(good[:len(good)-9])
	if err := attempts(func(*Attempt) {}); !errors.Is(err, ErrTruncated) {
		t.Error(err)
	}
}

type replaced struct{ io.ReadSeeker }

// TestReadingStops where its user stops.
func TestReadingStops(t *testing.T) {
	in, err := NewReader(strings.NewReader(few(t)))
	if err != nil {
		t.Fatal(err)
	}
	for item, err := range in.Items() {
		if err != nil || item.Event == nil {
			t.Errorf("%+v (%v)", item, err)
		}
		break
	}
}

// TestStreamed: both directions hold no more than a line, so a file may be of
// any length: here the one end waits for the other.
func TestStreamed(t *testing.T) {
	const n = 20_000
	from, to := io.Pipe()
	go func() {
		w := NewWriter(to, &Run{Stage: "lab"})
		for i := range n {
			w.Attempt(Attempt{Pattern: "new", Scheduled: time.Duration(i)})
		}
		to.CloseWithError(w.End(&Run{Duration: 7}))
	}()
	in, err := NewReader(from)
	if err != nil {
		t.Fatal(err)
	}
	read := 0
	for item, err := range in.Items() {
		if err != nil || item.Attempt.Scheduled != time.Duration(read) {
			t.Fatalf("item %d: %+v (%v)", read, item, err)
		}
		read++
	}
	if read != n || in.Run.Duration != 7 || in.Run.Stage != "lab" {
		t.Errorf("%d of %d, %+v", read, n, in.Run)
	}
}

// FuzzRead: any input is an error of one line, or a run that is the same
// after it is written and read again.
func FuzzRead(f *testing.F) {
	good := few(f)
	f.Add([]byte(good))
	f.Add(written(f, randomRun(rand.New(rand.NewPCG(3, 4)))))
	f.Add(realRun(f))
	f.Add([]byte(strings.ReplaceAll(good, "null", "-1")))
	f.Add([]byte(strings.Replace(good, `"version":1`, `"version":2`, 1)))
	f.Add([]byte(good[:len(good)/2]))
	f.Add([]byte("\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		run, err := readAll(bytes.NewReader(text))
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("more than one line: %q", err)
			}
			return
		}
		var first, second bytes.Buffer
		if err := Write(&first, run); err != nil {
			t.Skip(err) // a year beyond 9999
		}
		again, err := readAll(bytes.NewReader(first.Bytes()))
		if err != nil {
			t.Fatalf("%v in\n%s", err, &first)
		}
		if err := Write(&second, again); err != nil || !bytes.Equal(first.Bytes(), second.Bytes()) {
			t.Errorf("%s became %s (%v)", &first, &second, err)
		}
	})
}

// realRun is the beginning of a file that verify --save wrote.
func realRun(t testing.TB) []byte {
	t.Helper()
	file, err := os.Open(filepath.Join("..", "cli", "testdata", "exits-at-once.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	run, err := readAll(file)
	if err != nil {
		t.Fatal(err)
	}
	run.Attempts = append(run.Attempts[:10], run.Attempts[len(run.Attempts)-10:]...)
	return written(t, run)
}

// BenchmarkRead is the reading of one attempt.
func BenchmarkRead(b *testing.B) {
	text := written(b, &Run{Attempts: []Attempt{{Pattern: "keepalive", Scheduled: 123456789, Started: 123456999, Sent: 123458000, Ended: 124000000, Conn: 12, Reused: true,
		Node: "node-1", Addr: "10.0.0.1:8080", Pod: "app-1", Bytes: 234, Status: 200, EndedConn: Never}}})
	lines := bytes.SplitAfter(text, []byte("\n"))
	from, to := io.Pipe()
	go func() {
		_, _ = to.Write(lines[0])
		for {
			if _, err := to.Write(bytes.Repeat(lines[1], 100)); err != nil {
				return
			}
		}
	}()
	in, err := NewReader(from)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(lines[1])))
	b.ReportAllocs()
	for range in.Items() {
		if !b.Loop() {
			break
		}
	}
	from.Close()
}
