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
	file     string // of net/http if it has no folder; ./ is the root
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
	{name: "a handler's deadline is forgotten", file: "internal/link/states.go", old: "\tc.unlimited = c.unlimited && c.limits.Load()&(readSet|readUnsure) == 0 // a handler may have set one\n", new: "", pkg: ".", killedBy: "TestDeadlinesAreThoseOfNetHTTP"},
	{name: "deadlines that are set at the same time are taken for a pair", file: "internal/link/deadline.go", old: "\t\tc.limits.note(readUnsure)\n\t}\n\treturn err\n", new: "\t}\n\treturn err\n", killedBy: "TestDeadlinesOfManyGoroutinesAreTakenBack"},
	{name: "a nested handler is another request", file: "internal/link/handler.go", old: "case c.busy(): //", new: "case false: //", pkg: ".", killedBy: "TestHandlerThatCallsOneOfAServedServer"},
	{name: "no careful way", file: "internal/link/conn.go", old: "careful: e.Careful, ", new: "", pkg: ".", killedBy: "TestCarefulWay"},

	// What a review has found once, and may come again: the line that cures it is taken out.
	{name: "B1: TLSNextProto alone means clear text", file: "internal/link/secure.go", old: "\tif ClearTextByHTTP2(srv) {\n", new: "\tif ClearTextByHTTP2(srv) || srv.TLSNextProto != nil {\n", pkg: ".", killedBy: "TestTLSConfigWithoutACertificate"},
	{name: "B2: HTTP/2 is offered where it is switched off", file: "internal/link/secure.go", old: "if !p.HTTP2() || hasHTTP2(srv) {", new: "if true {", pkg: ".", killedBy: "TestHTTP2IsSwitchedOff"},
	{name: "B3: a silent client has a slot", file: "internal/link/tls.go", old: "\tif err := c.awaitHello(s); err != nil {\n", new: "\tl.slots <- struct{}{}\n\tdefer func() { <-l.slots }()\n\tif err := c.awaitHello(s); err != nil {\n", pkg: ".", killedBy: "TestClientsThatStopInAHandshakeHaveNoSlot"},
	{name: "B4: close in the answer to an upgrade", file: "internal/link/handler.go", old: "c.mustLeave(d) && !wantsUpgrade(r)", new: "c.mustLeave(d)", pkg: ".", killedBy: "TestUpgradeAfterT0"},
	{name: "B5: a large header block is kept", file: "internal/wire/heads.go", old: "|| cap(h.block) > keptBlock", new: "", pkg: "./internal/wire", killedBy: "TestLargeHeaderBlocksAreNotKept"},
	{name: "B6: Run closes listeners itself", file: "./phases.go", old: "\t\t\tgo l.Shut()\n", new: "\t\t\tl.Shut()\n", pkg: ".", killedBy: "TestTheProgramsCodeDoesNotStopTheTermination"},
	{name: "B6: Run asks connections for their address", file: "internal/link/address.go", old: "\tif isSocket(c.Conn) {\n\t\tif addr", new: "\tif true {\n\t\tif addr", pkg: ".", killedBy: "TestTheProgramsCodeDoesNotStopTheTermination"},
	{name: "B7: each that goes idle has all listed", file: "./phases.go", old: "q.Add(p.conns.TakeIdle())", new: "q.Add(p.conns.List())", pkg: ".", killedBy: "TestFinishingCostsTheSameBesideMany"},
	{name: "B8: connections of TLS are taken for clear text", file: "internal/link/listener.go", old: "l.Clear && usesTLS(c)", new: "false && usesTLS(c)", pkg: ".", killedBy: "TestListenerWithTLSOfItsOwn"},
	{name: "B9: Listen changes the server", file: "internal/link/secure.go", old: "\treturn &TLS{Config: config, decrypted: decrypted}, nil\n", new: "\tsrv.Protocols = decrypted\n\treturn &TLS{Config: config, decrypted: decrypted}, nil\n", pkg: ".", killedBy: "TestSecondTryAfterAPortThatIsTaken"},
	{name: "B10: a listener's write deadline stays", file: "internal/link/deadline.go", old: "c.limits.Load()&(writeNone|writeSet) == writeNone:", new: "c.limits.Load()&writeSet == 0:", pkg: ".", killedBy: "TestDeadlinesAreThoseOfNetHTTP"},
	{name: "B11: no socket below TLS", file: "internal/link/able.go", old: "func (s *recordConn) SyscallConn() (syscall.RawConn, error) { return rawConn(s.Conn) }", new: "func (s *recordConn) SyscallConn() (syscall.RawConn, error) { return nil, errors.ErrUnsupported }", pkg: ".", killedBy: "TestNetConn"},
	{name: "B12: a late signal has a T0 of its own", file: "./run.go", old: "\tp.hookAt = d.T0\n", new: "", pkg: ".", killedBy: "TestSignalLongAfterPreStop"},
	{name: "B13: an interrupt takes the deadline away", file: "internal/link/base.go", old: "\t\tif at != 0 {\n", new: "\t\tif false {\n", pkg: ".", killedBy: "TestTimeoutsHoldBehindAnInterrupt"},
	{name: "B14: a hijacked connection is held", file: "internal/link/set.go", old: "\tif !alone {\n", new: "\tif true {\n", pkg: ".", killedBy: "TestHijackedConnectionThatIsLost"},
	{name: "B15: ReadFrom where there is no socket", file: "internal/link/able.go", old: "type tlsConn struct{ halfConn }", new: "type tlsConn struct{ halfConn }\n\nfunc (c tlsConn) ReadFrom(r io.Reader) (int64, error) { return c.readAll(r) }", pkg: ".", killedBy: "TestWritesOfAFileAreThoseOfNetHTTP"},
	{name: "B16: a copy goes through Read", file: "internal/link/able.go", old: "if c.doing.Load() != hijacked ||", new: "if true ||", pkg: ".", killedBy: "TestCopyFromAConnectionIsFromItsSocket"},
	{name: "B17: the report names all", file: "./cutreport.go", old: "case len(c.work) > manyWorks:", new: "case false:", pkg: ".", killedBy: "TestReportOfTheCutIsBounded"},
	{name: "B18: close is cut out of any field", file: "internal/link/answer.go", old: "bytes.Replace(b, closeField, lineEnd, 1)", new: "bytes.Replace(b, closeLine, nil, 1)", pkg: ".", killedBy: "TestInformationalAnswersAfterT0"},
	{name: "B18: a long 1xx is the answer", file: "internal/link/answer.go", old: "\tc.within1xx = !bytes.HasSuffix(b, headEnd) && len(b) >= len(headEnd)\n", new: "", pkg: ".", killedBy: "TestInformationalAnswersAfterT0"},
	{name: "B19: own protocols are ignored", file: "internal/link/secure.go", old: "\t\t\tif serve != nil {\n", new: "\t\t\tif serve != nil && false {\n", pkg: ".", killedBy: "TestWhatIsNotServedIsRefused"},
	{name: "B20: OPTIONS * beside the handler", file: "internal/link/handler.go", old: "\tsrv.DisableGeneralOptionsHandler = true\n", new: "\tsrv.DisableGeneralOptionsHandler = !options\n", pkg: ".", killedBy: "TestOptionsOfTheServerAreARequest"},
	{name: "B21: PINGs are counted in a byte", file: "internal/wire/conn.go", old: "if c.pings > 0 && ping == pingData(c.pings)", new: "if uint8(c.pings) > 0 && ping == pingData(c.pings)", pkg: "./internal/wire", killedBy: "TestEveryPingIsConfirmed"},
	{name: "B22: a stream is looked for among all", file: "internal/wire/list.go", old: "\tcase n > few:\n", new: "\tcase n > 1<<30:\n", pkg: "./internal/wire", killedBy: "TestStreamEndsWithoutLookingAtOthers"},
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

// TestMutationsAreOfTheCodeAsItIs: a line that was renamed has its mutation renamed. What
// net/http has depends on its release, and is left to TestMutations.
func TestMutationsAreOfTheCodeAsItIs(t *testing.T) {
	for _, m := range mutations {
		if !strings.Contains(m.file, "/") {
			continue
		}
		text, err := os.ReadFile(m.file)
		if err != nil {
			t.Error(err)
		}
		if err := m.findIn(string(text)); err != nil {
			t.Errorf("%s: %v", m.name, err)
		}
	}
}

// findIn fails if the text of the file does not have what is to be changed once.
func (m mutation) findIn(text string) error {
	if n := strings.Count(text, m.old); n != 1 {
		return fmt.Errorf("%s of %s has %q %d times, want once: write here what it has instead", m.file, runtime.Version(), m.old, n)
	}
	return nil
}

func (m mutation) inPackage() string { return cmp.Or(m.pkg, "./internal/link") }

// overlay writes the changed file, and the list by which go finds it.
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
	if err := m.findIn(string(text)); err != nil {
		t.Fatal(err)
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
