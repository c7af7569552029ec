package link

import (
	"crypto/tls"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lameduck-dev/lameduck/internal/program"
	"github.com/lameduck-dev/lameduck/internal/short"
	"github.com/lameduck-dev/lameduck/internal/term"
	"github.com/lameduck-dev/lameduck/internal/wire"
)

// An h2 is the HTTP/2 side of a connection: what is open on it, and the GOAWAY
// frames that ask its client to leave. net/http sends one GOAWAY that names the last
// stream it has seen, so a stream that is on the wire is lost; grpc-go sends two, but
// only after it has closed its listeners. Ours are put between the frames that they write.
//
// It is one struct although it has many fields: one allocation for each connection.
type h2 struct {
	conn  *base
	of    owner  // what that is the base of
	over  *layer // what encrypts it, where the program does that; nil elsewhere
	wire  wire.Conn
	tls   *tls.ConnectionState // nil in clear text; net/http knows of none
	ahead readAhead            // of the goroutine that reads

	leaving      atomic.Pointer[leaving] // nil until the moment to leave has come
	reading      atomic.Bool             // the first bytes of a request have come, and not all of its head
	goAwayWanted atomic.Int32            // the last GOAWAY that is to be sent
	goAwaySent   int32                   // the last that was sent; guarded by writing
	counts       bool                    // late streams are counted here: no handler of ours does; not changed
	released     bool                    // the connection is closed, and not waited for any more; guarded by mu
	writing      lock                    // held while something is written

	mu       sync.Mutex
	requests wire.List[*http.Request, *lateRequest] // that net/http's handlers are at work on; nil for one before T0
}

func newH2(c *base, of owner) *h2 {
	return &h2{conn: c, of: of}
}

// ofNetHTTP is h for net/http, which reads a frame in two, and knows nothing of
// TLS where that is terminated here.
func (h *h2) ofNetHTTP() *h2 {
	if over, ok := h.conn.Conn.(*tls.Conn); ok { // which reads ahead itself
		h.tls = new(over.ConnectionState())
	}
	return h
}

// An owner is the connection that h is the HTTP/2 side of.
type owner interface {
	polled
	received([]byte) // follows what has been read
	announce()       // signals the closing phase that it may be closed, or earlier
	reopen()         // puts it back into the set, for a handler that begins late
	handled()        // is called when the last handler has ended
}

// The GOAWAY frames, in their order.
const (
	firstGoAway = 1
	lastGoAway  = 2
)

// A lateRequest is what is known of a request after T0.
type lateRequest struct {
	since time.Time
	undo  func() // takes it out of the late arrivals
}

// top is what is read and written.
func (h *h2) top() net.Conn {
	if h.over != nil {
		return h.over
	}
	return h.conn.Conn
}

// read is Read. The server asks for the nine bytes of a frame's head, and then for the
// rest of it: with that comes what the client has sent after it.
func (h *h2) read(b []byte) (int, error) {
	if n := h.ahead.take(b); n > 0 {
		return n, nil
	}
	into := b
	ahead := h.tls == nil && h.over == nil && h.wire.MidFrame() && len(b) < aheadSize // where there is TLS, that reads ahead
	if ahead {
		into = h.ahead.room()
	}
	n, err := h.conn.readFrom(h.of, h.top(), into)
	if n > 0 {
		h.of.received(into[:n])
	}
	if !ahead {
		return n, err
	}
	h.ahead.filled(max(0, n))
	if n <= 0 {
		return n, err
	}
	return h.ahead.take(b), nil // an error beside it comes again
}

// received follows what the client sends.
func (h *h2) received(b []byte) {
	d := h.conn.state.Current.Load()
	if d == nil {
		h.wire.Received(b, 0)
		return
	}
	h.conn.noteActivity() // before it is known that a stream has ended, if one has
	begun := h.wire.Received(b, h.conn.now())
	h.reading.Store(h.wire.MidHeaders())
	if l := h.leaving.Load(); l != nil {
		h.receivedLeaving(l, begun)
	}
	if begun > 0 && h.counts {
		h.conn.CountLate(d)
		d.LateReqs.Add(int64(begun) - 1)
		d.LateReq()
	}
	if h.conn.state.Closing.Load() && h.closable() {
		h.of.announce() // it may have confirmed, or given its last stream up
	}
	if h.conn.interrupted.Load() {
		h.conn.clearInterrupt()
	}
}

// receivedLeaving is received when the moment to leave has come. No frame is written
// by the goroutine that reads: it would wait for ever for a client that writes all
// before it reads.
func (h *h2) receivedLeaving(l *leaving, begun int) {
	if begun > 0 {
		h.streamsBegan(l)
	} else if h.wire.NeedsPing() {
		go h.tryFlush()
	}
}

// wrote follows what the server has just written, and sends the GOAWAY that is wanted,
// if the server has ended a frame. The caller holds writing, which wrote releases.
func (h *h2) wrote(b []byte) {
	h.conn.noteActivity() // as in received
	sent := h.wire.WatchMessages()
	silent := h.wire.Sent(b) || h.wire.WatchMessages() != sent
	h.flush()
	h.writing.unlock()
	if h.goAwayWanted.Load() != 0 {
		h.tryFlush()
	}
	if silent && h.conn.state.Current.Load() != nil {
		h.conn.noteActivity()
		h.of.announce()
	}
}

// A client that reads GOAWAY when it is about to begin a stream can lose that: Go's
// Transport gives the connection up, has closed the body by then, and "cannot rewind
// body after connection loss". It is about to begin one when it has just been answered.
// So once some of its typical number of streams are open, their answers are held until
// the rest are, and GOAWAY is sent before any of them.
const (
	ObserveFor = 50 * time.Millisecond  // how long the typical number is observed
	HeldAtMost = 50 * time.Millisecond  // then the answers are sent in any case
	AskWithin  = 500 * time.Millisecond // then GOAWAY waits no longer for a stream
)

// A leaving is what is known of an h2 whose moment to leave has come.
type leaving struct {
	*h2
	sampled        atomic.Bool   // typicalStreams is known
	typicalStreams atomic.Int32  // streams that are open at once
	begun          chan struct{} // has an element when one has begun
	askedAt        atomic.Int64  // when the first GOAWAY was due, in nanoseconds after Origin; 0: not yet
}

// leave sends GOAWAY at the next good moment.
func (h *h2) leave() {
	if h.leaving.Load() != nil {
		return
	}
	l := &leaving{h2: h, begun: make(chan struct{}, 1)}
	l.typicalStreams.Store(int32(h.wire.Open()))
	if h.leaving.CompareAndSwap(nil, l) {
		h.conn.state.Agenda.Add(ObserveFor, l)
	}
}

// Due is called when the typical number has been observed, and again when GOAWAY is to
// wait no longer for a stream.
func (l *leaving) Due() {
	if !l.sampled.Swap(true) && l.wire.Open() == 0 && l.typicalStreams.Load() > 0 {
		l.conn.state.Agenda.Add(AskWithin-ObserveFor, l)
		return
	}
	if l.wire.Open() > 0 {
		go l.sendGoAway() // which may hold answers
		return
	}
	l.sendGoAway() // which waits only where a socket is full
}

// streamsBegan is called when a stream has begun.
func (h *h2) streamsBegan(l *leaving) {
	select {
	case l.begun <- struct{}{}:
	default:
	}
	switch open := int32(h.wire.Open()); {
	case h.goAwayWanted.Load() > 0:
	case l.sampled.Load():
		h.want(firstGoAway) // now: the answer to this stream must not go ahead of it
		go h.tryFlush()
	case open > l.typicalStreams.Load():
		l.typicalStreams.Store(open)
	}
}

// holdAnswers waits until the typical number of streams is open. The caller holds
// writing.
func (h *h2) holdAnswers() {
	l := h.leaving.Load()
	if l == nil || int32(h.wire.Open()) >= l.typicalStreams.Load() {
		return
	}
	enough := time.NewTimer(HeldAtMost)
	defer enough.Stop()
	for int32(h.wire.Open()) < l.typicalStreams.Load() {
		select {
		case <-l.begun:
		case <-enough.C:
			return
		}
	}
}

// sendGoAway asks the client to leave and to confirm that. What it has on the
// wire is still served.
func (h *h2) sendGoAway() {
	if h.want(firstGoAway) {
		h.tryFlush()
	}
}

// sendLastGoAway names the last stream that was served.
func (h *h2) sendLastGoAway() {
	if h.want(lastGoAway) {
		h.tryFlush()
	}
}

// want notes what is to be sent next. It returns false if that, or more, was
// wanted before.
func (h *h2) want(which int32) bool {
	if l := h.leaving.Load(); l != nil && which == firstGoAway {
		l.askedAt.CompareAndSwap(0, max(1, h.conn.now())) // although the write may block on a full socket
	}
	for {
		wanted := h.goAwayWanted.Load()
		if wanted >= which {
			return false
		}
		if h.goAwayWanted.CompareAndSwap(wanted, which) {
			return true
		}
	}
}

// dueAt is when the connection, on which nothing has come since quiet, may be closed:
// at once if the client has confirmed that it will begin no stream, and not
// before it was asked to.
func (h *h2) dueAt(d *term.Termination, quiet time.Time) time.Time {
	if h.wire.Acked() && h.wire.WatchersNotified() { // of a health Watch: the server writes to them at its own pace
		return d.T0
	}
	l := h.leaving.Load()
	if l == nil || l.askedAt.Load() == 0 {
		return time.Now().Add(AskWithin)
	}
	if asked := h.conn.time(l.askedAt.Load()); asked.After(quiet) {
		quiet = asked
	}
	return quiet.Add(max(d.Linger(), ConfirmWithin))
}

// ConfirmWithin is for how long a client may take to confirm.
const ConfirmWithin = time.Second

// tryFlush sends what is wanted, unless another goroutine is writing: that does it
// then.
func (h *h2) tryFlush() {
	for h.writing.tryLock() {
		again := h.flush()
		h.writing.unlock()
		if !again {
			return
		}
	}
}

// flush sends the next GOAWAY or PING that is wanted, if no frame of the server is
// half written. It returns true if there may be one more. The caller holds writing.
func (h *h2) flush() bool {
	if !h.wire.AtBoundary() {
		return false
	}
	if h.goAwaySent == 0 && h.goAwayWanted.Load() == firstGoAway {
		h.holdAnswers()
	}
	frames := h.nextFrames()
	if frames == nil {
		return false
	}
	return program.Protect(func() error {
		_, err := h.top().Write(frames)
		return err
	}) == nil
}

// flushAhead sends the first GOAWAY ahead of what the server is about to write. The
// caller holds writing.
func (h *h2) flushAhead() {
	if h.goAwaySent == 0 {
		h.flush()
	}
}

// nextFrames is what is to be sent next, nil if nothing is. The caller holds writing.
func (h *h2) nextFrames() []byte {
	switch wanted := h.goAwayWanted.Load(); {
	case h.goAwaySent == wanted && wanted == firstGoAway && h.wire.NeedsPing():
		return h.wire.Ping()
	case h.goAwaySent >= wanted:
		return nil
	case wanted == firstGoAway:
		h.goAwaySent = firstGoAway
		return h.wire.FirstGoAway()
	default:
		h.goAwaySent = lastGoAway
		return h.wire.LastGoAway()
	}
}

// closable reports whether the connection carries nothing that will end.
func (h *h2) closable() bool { return !h.wire.Busy() && (h.over == nil || h.over.closable()) }

func (h *h2) midRequest() bool { return h.wire.MidFrame() }

// keep notes that a stream may be about to begin: half of a record of TLS may be that.
func (h *h2) keep(record bool) {
	if h.wire.MidHeaders() || record {
		h.reading.Store(true)
	}
}

// leaveAt of a connection that came late is within Spread of its start: a client that is
// asked at once would dial again, and perhaps here again, with many streams about to
// begin. Go's own then loses those whose body it cannot rewind.
func (h *h2) leaveAt(d *term.Termination) time.Time {
	if h.conn.late(d) {
		return d.LeaveAfter(h.conn.time(h.conn.born), h.conn.Share)
	}
	return d.LeaveAt(h.conn.Share)
}

func (h *h2) asks() bool { return true }

// finish names the last stream that was served, and waits for a full socket as long as
// package tls does for its own last record.
func (h *h2) finish() {
	h.conn.Conn.SetWriteDeadline(time.Now().Add(5 * time.Second))
	h.sendLastGoAway()
}

func (h *h2) confirmed() bool { return h.wire.Acked() }

// release is called when the connection has been closed. It returns false if a
// handler is still at work, for a stream that was open or that the client has
// given up.
func (h *h2) release() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.released = len(h.requests.Entries) == 0
	return h.released
}

// begin notes a request that a handler is about to work on, and counts it as a late
// arrival unless it is a probe of the program's. serve is false if no handler is to:
// net/http starts a handler in a goroutine of its own, and by the time that runs, the
// client may have gone, and the closers may run. noted is false if there is nothing to
// end: as well if a handler that is at work on r has called that of its server again.
func (h *h2) begin(r *http.Request, probe bool) (serve, noted bool) {
	r.TLS = h.tls
	var x *lateRequest
	d := h.conn.state.Current.Load()
	if d != nil {
		x = &lateRequest{since: time.Now()}
		if !probe {
			x.undo = h.conn.arrive(d, r)
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.released && d != nil {
		return false, false
	}
	if h.released {
		h.released = false
		h.of.reopen()
	}
	if h.requests.Find(r) != nil {
		if x != nil && x.undo != nil {
			x.undo()
		}
		return true, false
	}
	h.requests.Add(r, x)
	return true, true
}

func (h *h2) end(r *http.Request) {
	h.mu.Lock()
	h.requests.Remove(r)
	none := len(h.requests.Entries) == 0
	h.mu.Unlock()
	if none {
		h.of.handled()
	}
}

// excludeFromLate takes r out of the late arrivals, if it is one.
func (h *h2) excludeFromLate(r *http.Request) {
	if undo := h.takeUndo(r); undo != nil {
		undo()
	}
}

// takeUndo returns what takes r out of the late arrivals, nil if it is none.
func (h *h2) takeUndo(r *http.Request) (undo func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	late := h.requests.Find(r)
	for i := 0; late == nil && i < len(h.requests.Entries); i++ {
		if e := &h.requests.Entries[i]; e.Value != nil && e.Value.undo != nil && SameRequest(e.Key, r) {
			late = &e.Value
		}
	}
	if late != nil && *late != nil {
		undo, (*late).undo = (*late).undo, nil
	}
	return undo
}

// SameRequest reports whether b, which a handler was given, may be a copy of a, as
// middleware makes. Two requests for one thing are the same here.
func SameRequest(a, b *http.Request) bool {
	return a.Method == b.Method && a.RequestURI == b.RequestURI
}

// inFlight appends what is under way on the connection: the requests that
// handlers are at work on, the streams of grpc-go's handlers, and what is still
// being read.
func (h *h2) inFlight(to []Item) []Item {
	if h.reading.Load() {
		to = append(to, Item{Kind: KindRequest, Name: StillRead, ID: h})
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, e := range h.requests.Entries {
		x := Item{Kind: KindRequest, Name: h.conn.nameOf(e.Key), ID: e.Key}
		if e.Value != nil {
			x.Since = e.Value.since
		}
		to = append(to, x)
	}
	if len(h.requests.Entries) > 0 {
		return to
	}
	for _, s := range h.wire.Streams() {
		if s.Watch {
			continue
		}
		x := Item{Kind: KindStream, Name: short.Name(s.Path), ID: streamOf{h, s.ID}}
		if s.Since != 0 {
			x.Since = h.conn.time(s.Since)
		}
		to = append(to, x)
	}
	return to
}

// count is how much is under way.
func (h *h2) count() (n int) {
	if h.reading.Load() {
		n++
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.requests.Entries) > 0 {
		return n + len(h.requests.Entries)
	}
	return n + h.wire.Working()
}

// streamOf is the identity of a stream.
type streamOf struct {
	*h2
	id uint32
}

func (h *h2) awaitWatches() {
	h.wire.AwaitWatchMessage()
	if h.wire.Open() > 0 {
		h.conn.noteActivity() // a watcher has from now on the time for its message
	}
}
