package lameduck

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// A mutation is one change of net/http, or of a line here, that a test must notice.
type mutation struct {
	name     string
	file     string // of net/http if it has no folder
	old, new string
	pkg      string // default internal/link
	killedBy string // one test, which fails with the change
	survives string // root tests that pass all the same, for they show the careful way; "" for none
}

// What net/http may do otherwise in another Go, and the lines that rest on what it does.
var mutations = []mutation{
	{name: "buffer of 8 KiB", file: "server.go", old: "return bufio.NewReader(r)\n", new: "return bufio.NewReaderSize(r, 8<<10)\n",
		killedBy: "TestRow1SizeOfReads", survives: "TestNothingIsLostWhateverNetHTTPDoes"},
	{name: "buffer of 2 KiB", file: "server.go", old: "return bufio.NewReader(r)\n", new: "return bufio.NewReaderSize(r, 2<<10)\n",
		killedBy: "TestRow1SizeOfReads", survives: "TestNothingIsLostWhateverNetHTTPDoes"},
	{name: "no idle deadline where the next request is buffered", file: "server.go",
		old: "if d := c.server.idleTimeout(); d > 0 {\n\t\t\tc.rwc", new: "if d := c.server.idleTimeout(); c.bufr.Buffered() > 0 {\n\t\t} else if d > 0 {\n\t\t\tc.rwc",
		killedBy: "TestRow2DeadlinesBeforeARead", survives: "TestNothingIsLostWhateverNetHTTPDoes"},
	{name: "StateIdle only where it waits", file: "server.go",
		old: "c.setState(c.rwc, StateIdle, runHooks)\n", new: "if c.bufr.Buffered() == 0 {\n\t\t\tc.setState(c.rwc, StateIdle, runHooks)\n\t\t}\n",
		killedBy: "TestRow3OrderOfStates"},
	{name: "StateIdle behind the deadline", file: "server.go",
		old: "\t\tc.setState(c.rwc, StateIdle, runHooks)\n\t\tc.curReq.Store(nil)\n", new: "\t\tc.curReq.Store(nil)\n\t\tdefer c.setState(c.rwc, StateIdle, runHooks)\n",
		killedBy: "TestRow3OrderOfStates"},
	{name: "the status line in a Write of its own", file: "server.go",
		old: "writeStatusLine(w.conn.bufw, w.req.ProtoAtLeast(1, 1), code, w.statusBuf[:])\n\tcw.header", new: "writeStatusLine(w.conn.bufw, w.req.ProtoAtLeast(1, 1), code, w.statusBuf[:])\n\tw.conn.bufw.Flush()\n\tcw.header",
		killedBy: "TestRow4HeadIsOneWrite", survives: "TestNothingIsLostWhateverNetHTTPDoes"},
	{name: "a background read of more", file: "server.go", old: "byteBuf [1]byte", new: "byteBuf [2]byte", killedBy: "TestRow5BackgroundRead"},
	{name: "no Request.TLS by a method", file: "server.go", old: "if tc, ok := c.rwc.(connectionStater); ok {", new: "if tc, ok := c.rwc.(connectionStater); ok && false {", killedBy: "TestRow6ConnectionState"},
	{name: "another key of TLSNextProto", file: "h2_bundle.go", old: `const http2nextProtoUnencryptedHTTP2 = "unencrypted_http2"`, new: `const http2nextProtoUnencryptedHTTP2 = "clear_http2"`,
		pkg: ".", killedBy: "TestHTTP2IsSwitchedOff"},
	{name: "Accept before BaseContext", file: "server.go", old: "baseCtx = s.BaseContext(origListener)\n", new: "l.Accept()\n\t\tbaseCtx = s.BaseContext(origListener)\n", killedBy: "TestRow10BaseContext"},
	{name: "a longer wait after an error of Accept", file: "server.go", old: "if max := 1 * time.Second; tempDelay > max", new: "if max := 5 * time.Second; tempDelay > max", killedBy: "TestRow11TemporaryErrors"},
	{name: "Shutdown without hooks where its context has ended", file: "server.go", old: "\t\tgo f()\n", new: "\t\tif ctx.Err() == nil {\n\t\t\tgo f()\n\t\t}\n", killedBy: "TestRow12Shutdown"},

	{name: "deadlines are not counted", file: "internal/link/deadline.go", old: "\t\tc.countDeadline()\n", new: "", pkg: ".", killedBy: "TestBytesInNetHTTPsBufferAreARequest"},
	{name: "sizes of reads are not noted", file: "internal/link/conn.go", old: "\t\tc.noteReadSize(len(b))\n", new: "", pkg: ".", killedBy: "TestBytesInNetHTTPsBufferAreARequest"},
	{name: "a request leaves the interrupt", file: "internal/link/handler.go", old: "\t\tc.clearInterrupt() // interrupted before", new: "\t\t// interrupted before", killedBy: "TestHandlerClearsAnInterrupt"},
	{name: "the final poll forgets a part of a record", file: "internal/link/poll.go", old: "case err == nil && of.midRequest():", new: "case false:", killedBy: "TestPartOfARecordInTheFinalPoll"},
	{name: "HTTP/2 leaves the interrupt", file: "internal/link/http2.go", old: "\tif h.conn.interrupted.Load() {\n\t\th.conn.clearInterrupt()\n\t}\n", new: "", killedBy: "TestFramesClearAnInterrupt"},
	{name: "an idle connection takes no note of its deadlines", file: "internal/link/states.go", old: "\tc.deadlinesSet = 0\n", new: "", pkg: ".", killedBy: "TestBytesInNetHTTPsBufferAreARequest"},
	{name: "a handler's deadline is forgotten", file: "internal/link/states.go", old: "\tc.unlimited = false // a handler may have set one\n", new: "", pkg: ".", killedBy: "TestDeadlinesAreThoseOfNetHTTP"},
	{name: "a nested handler is another request", file: "internal/link/handler.go", old: "case c.busy(): //", new: "case false: //", pkg: ".", killedBy: "TestHandlerThatCallsOneOfAServedServer"},
	{name: "no careful way", file: "internal/link/conn.go", old: "careful: e.Careful, ", new: "", pkg: ".", killedBy: "TestCarefulWay"},
}

// Each mutation fails its test. It compiles net/http and tests for each, so it is not
// for every day: make mutations.
func TestMutations(t *testing.T) {
	if testing.Short() || os.Getenv("MUTATIONS") == "" {
		t.Skip("set MUTATIONS=1, or make mutations")
	}
	tests := map[string][]string{}
	for _, m := range mutations {
		tests[m.inPackage()] = append(tests[m.inPackage()], m.killedBy)
		if m.survives != "" {
			tests["."] = append(tests["."], m.survives)
		}
	}
	for pkg, names := range tests {
		if out, err := goTest(t, "", pkg, strings.Join(names, "|")); err != nil {
			t.Fatalf("without a mutation: %v\n%s", err, out)
		}
	}
	for _, m := range mutations {
		t.Run(m.name, func(t *testing.T) {
			overlay := m.overlay(t)
			switch out, err := goTest(t, overlay, m.inPackage(), m.killedBy); {
			case err == nil:
				t.Errorf("%s passes: add a test, or delete the line", m.killedBy)
			case !strings.Contains(out, "--- FAIL: ") && !strings.Contains(out, "panic: "):
				t.Errorf("%s has not failed, but go test: %v\n%s", m.killedBy, err, out)
			}
			if m.survives == "" {
				return
			}
			if out, err := goTest(t, overlay, ".", m.survives); err != nil {
				t.Errorf("something is lost: %v\n%s", err, out)
			}
		})
	}
}

func (m mutation) inPackage() string { return cmp.Or(m.pkg, "./internal/link") }

// overlay writes the changed file, and what tells go of it.
func (m mutation) overlay(t *testing.T) string {
	file, err := filepath.Abs(m.file)
	if !strings.Contains(m.file, "/") {
		var root []byte
		root, err = exec.Command("go", "env", "GOROOT").Output()
		file = filepath.Join(strings.TrimSpace(string(root)), "src/net/http", m.file)
	}
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(text), m.old); n != 1 {
		t.Fatalf("%s of %s has %q %d times, want once: say here what it has instead", m.file, runtime.Version(), m.old, n)
	}
	changed, overlay := filepath.Join(t.TempDir(), "changed.go"), filepath.Join(t.TempDir(), "overlay.json")
	list, err := json.Marshal(map[string]map[string]string{"Replace": {file: changed}})
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{changed: strings.Replace(string(text), m.old, m.new, 1), overlay: string(list)} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return overlay
}

// goTest runs tests, with an overlay unless that is "".
func goTest(t *testing.T, overlay, pkg, tests string) (out string, err error) {
	args := []string{"test", "-count=1", "-vet=off", "-timeout=40s", "-run", fmt.Sprintf("^(%s)$", tests)}
	if overlay != "" {
		args = append(args, "-overlay", overlay)
	}
	text, err := exec.CommandContext(t.Context(), "go", append(args, pkg)...).CombinedOutput()
	if strings.Contains(string(text), "no tests to run") {
		return string(text), fmt.Errorf("there is no test %s", tests)
	}
	return string(text), err
}
