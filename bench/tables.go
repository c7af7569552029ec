package main

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// A table is one section of docs/PEERS.md that is written by this program.
type table struct{ name, text string }

// tables are those of what was measured.
func (r *results) tables() []table {
	var out []table
	if r.Lost != nil {
		out = append(out, table{"lost", r.Lost.markdown()})
	}
	if r.Leaving != nil {
		out = append(out, table{"leaving", r.Leaving.markdown()})
	}
	if r.Cost != nil {
		out = append(out, table{"cost", r.Cost.markdown()})
	}
	if r.Held != nil {
		out = append(out, table{"memory", r.Held.markdown()})
	}
	if r.Begin != nil {
		out = append(out, table{"begin", r.Begin.markdown()})
	}
	if r.Ending != nil {
		out = append(out, table{"ending", r.Ending.markdown()})
	}
	if r.Silent != nil {
		out = append(out, table{"silent", r.Silent.markdown()})
	}
	if r.Rates != nil {
		out = append(out, table{"rates", r.Rates.markdown()})
	}
	if r.Stuck != nil {
		out = append(out, table{"stuck", r.Stuck.markdown()})
	}
	return out
}

// A grid is a table in Markdown; its first column is text.
type grid struct{ strings.Builder }

func (g *grid) head(cells ...string) {
	g.row(cells...)
	g.row(slices.Concat([]string{"---"}, slices.Repeat([]string{"---:"}, len(cells)-1))...)
}

func (g *grid) row(cells ...string) { fmt.Fprintf(g, "| %s |\n", strings.Join(cells, " | ")) }

// bold marks ours.
func bold(peer string) string {
	if peer == ours {
		return "**" + peer + "**"
	}
	return peer
}

func (r *lostResult) markdown() string {
	var g grid
	fmt.Fprintf(&g, "Broken per termination, and in brackets in how many of the %d terminations; the window is %s, the budget %s. "+
		"†: some had not exited a second after the budget, and were killed.\n", r.Runs, millis(r.WindowMS), millis(r.BudgetMS))
	if stalled, repeated := r.stalls(); stalled+repeated > 0 {
		fmt.Fprintf(&g, "The machine kept the clients from running for a tenth of the window in some terminations: "+
			"%d were repeated whatever their outcome, %d were counted nevertheless.\n", repeated, stalled)
	}
	for _, name := range []string{http1Table, http2Table, lastTable} {
		if columns := r.columns(name); len(columns) > 0 {
			g.WriteString("\n")
			r.table(&g, name, columns)
		}
	}
	return g.String()
}

func (r *lostResult) stalls() (stalled, repeated int) {
	for _, c := range r.Cells {
		stalled += c.Stalled
		repeated += c.Repeated
	}
	return stalled, repeated
}

// columns are the kinds of clients that were measured.
func (r *lostResult) columns(table string) (names []string) {
	for _, k := range kinds {
		if k.table == table && slices.ContainsFunc(r.Cells, func(c lostCell) bool { return c.Kind == k.name }) {
			names = append(names, k.name)
		}
	}
	return names
}

func (r *lostResult) table(g *grid, name string, columns []string) {
	g.head(append([]string{name}, columns...)...)
	for _, p := range peers {
		line := []string{bold(p.name)}
		for _, kind := range columns {
			if c := r.cell(p.name, kind); c != nil {
				line = append(line, c.text())
			}
		}
		if len(line) > 1 {
			g.row(line...)
		}
	}
	requests := []string{"*requests per termination*"}
	for _, kind := range columns {
		requests = append(requests, r.requests(kind))
	}
	g.row(requests...)
}

func (r *lostResult) cell(peer, kind string) *lostCell {
	for i, c := range r.Cells {
		if c.Peer == peer && c.Kind == kind {
			return &r.Cells[i]
		}
	}
	return nil
}

func (c lostCell) text() string {
	text := "0"
	if c.Broken > 0 {
		text = fmt.Sprintf("%s (%d)", figures(float64(c.Broken)/float64(c.Runs)), c.Hit)
	}
	if c.Killed > 0 {
		text += " †"
	}
	return text
}

// requests is how many a termination had, with the peer in the middle.
func (r *lostResult) requests(kind string) string {
	var each []float64
	for _, c := range r.Cells {
		if c.Kind == kind {
			each = append(each, float64(c.Requests)/float64(c.Runs))
		}
	}
	return figures(spreadOf(each).Median)
}

func (r *leavingResult) markdown() string {
	var g grid
	fmt.Fprintf(&g, "From SIGTERM to the exit, less the window of %s; medians of %d, of the last three columns %d. The budget is %s. "+
		"*cut*: the request in flight was cut; *killed*: the process had not exited a second after the budget.\n\n",
		millis(r.WindowMS), r.Runs, r.AtOnce, millis(r.BudgetMS))
	head := []string{"open at SIGTERM"}
	for _, client := range openClients {
		head = append(head, client.name)
	}
	g.head(head...)
	for _, p := range peers {
		line := []string{bold(p.name)}
		for _, client := range openClients {
			i := slices.IndexFunc(r.Rows, func(x leavingRow) bool { return x.Peer == p.name && x.Client == client.name })
			line = append(line, r.Rows[i].text())
		}
		g.row(line...)
	}
	return g.String()
}

func (r leavingRow) text() string {
	text := millis(r.TailMS.Median)
	if r.Cut > 0 {
		text += ", *cut*"
	}
	if r.Killed > 0 {
		text += ", *killed*"
	}
	return text
}

func (r *costResult) markdown() string {
	var g grid
	fmt.Fprintf(&g, "What each adds to bare net/http on the path of a request (a no-op handler, connections in memory, processor time), "+
		"and for each of %d idle keep-alive connections; medians of pairs.\n\n", r.Conns)
	head := []string{"GOMAXPROCS"}
	for _, what := range []string{"ns", "allocations", "bytes/connection"} {
		for _, n := range procCounts {
			head = append(head, fmt.Sprintf("%s, %d", what, n))
		}
	}
	g.head(head...)
	bare := func(p pair) string { return fmt.Sprintf("%.0f", p.Bare.Median) }
	added := func(p pair) string { return fmt.Sprintf("%+.0f", p.Added.Median) }
	r.row(&g, "*net/http itself*", shutdown, bare)
	for _, p := range peers {
		if p.name != shutdown { // the bare one
			r.row(&g, bold(p.name), p.name, added)
		}
	}
	return g.String()
}

func (r *costResult) row(g *grid, title, peer string, cell func(pair) string) {
	line := []string{title}
	columns := []func(costRow) pair{
		func(x costRow) pair { return x.Path },
		func(x costRow) pair { return x.Allocs },
		func(x costRow) pair { return x.Bytes },
	}
	for _, column := range columns {
		for _, n := range procCounts {
			i := slices.IndexFunc(r.Rows, func(x costRow) bool { return x.Peer == peer && x.Procs == n })
			line = append(line, cell(column(r.Rows[i])))
		}
	}
	g.row(line...)
}

func (r *heldResult) markdown() string {
	var g grid
	fmt.Fprintf(&g, "What an idle connection that has had one answer holds in the server, over loopback: bytes of heap and stacks after a garbage collection. "+
		"Medians of pairs, and [least .. most].\n\n")
	g.head("", "connections", "net/http or grpc-go", ours, "added")
	for _, x := range r.Rows {
		g.row(x.Proto, fmt.Sprint(x.Conns), fmt.Sprintf("%.0f", x.Bytes.Bare.Median), fmt.Sprintf("%.0f", x.Bytes.Ours.Median), x.Bytes.Added.text("%+.0f"))
	}
	return g.String()
}

func (r *beginResult) markdown() string {
	var g grid
	fmt.Fprintf(&g, "%d idle connections in memory at T0, whose clients are asked to leave within %s; and a request each millisecond for twice as long. "+
		"net/http does nothing meanwhile. Medians.\n\n", r.Conns, millis(r.SpreadMS))
	g.head("", "longest stall of a request: net/http", ours, "processor time: net/http", ours, "goroutines made: net/http", ours, "timers made: "+ours)
	for _, x := range r.Rows {
		g.row(x.Proto, millis(x.StallMS.Bare.Median), millis(x.StallMS.Ours.Median), millis(x.CPU.Bare.Median), millis(x.CPU.Ours.Median),
			fmt.Sprintf("%.0f", x.Goroutines.Bare.Median), fmt.Sprintf("%.0f", x.Goroutines.Ours.Median), fmt.Sprint(x.Timers))
	}
	return g.String()
}

func (r *endingResult) markdown() string {
	var g grid
	fmt.Fprintf(&g, "Processor time of a termination with %d requests in flight, in memory, which end within %s. Medians of pairs, and [least .. most].\n\n", r.Conns, millis(r.WithinMS))
	g.head("", "net/http's Shutdown", ours, "ratio")
	g.row("HTTP/1.1", millis(r.CPU.Bare.Median), millis(r.CPU.Ours.Median), r.CPU.Ratio.text("%.2f"))
	return g.String()
}

func (r *silentResult) markdown() string {
	var g grid
	fmt.Fprintf(&g, "A new connection of TLS, to the end of its first answer, behind %d connections that have sent nothing: medians of %d, in pairs of rounds.\n\n", r.Conns, r.Tries)
	g.head("", "net/http", ours, "ratio")
	g.row("HTTP/1.1 on TLS", millis(r.Took.Bare.Median), millis(r.Took.Ours.Median), r.Took.Ratio.text("%.2f"))
	return g.String()
}

func (r *ratesResult) markdown() string {
	var g grid
	fmt.Fprintf(&g, "Requests per second on loopback, beside bare net/http in turns; %d connections, the server on GOMAXPROCS=%d. "+
		"Medians, and [least .. most] of the pairs.\n\n", r.Rows[0].Conns, r.Rows[0].Procs)
	g.head("", "net/http", ours, "ratio", "server CPU, µs/request: net/http", ours)
	for _, x := range r.Rows {
		cpu := []string{"unknown", "unknown"}
		if x.CPU != nil {
			cpu = []string{fmt.Sprintf("%.2f", x.CPU.Bare.Median), fmt.Sprintf("%.2f", x.CPU.Ours.Median)}
		}
		g.row(append([]string{x.Proto, figures(x.Rate.Bare.Median), figures(x.Rate.Ours.Median), x.Rate.Ratio.text("%.3f")}, cpu...)...)
	}
	return g.String()
}

func (r *stuckResult) markdown() string {
	var g grid
	fmt.Fprintf(&g, "A handler that never returns: from the end of the budget of %s to the exit; medians of %d. "+
		"Less than 0: the process exited before. An exit later than %s after the budget was not waited for.\n\n", millis(r.BudgetMS), r.Runs, millis(r.PatienceMS))
	g.head("", protoName(clear1), protoName(rpc))
	for _, p := range peers {
		line := []string{bold(p.name)}
		for _, served := range []proto{clear1, rpc} {
			i := slices.IndexFunc(r.Rows, func(x stuckRow) bool { return x.Peer == p.name && x.Proto == protoName(served) })
			line = append(line, r.text(r.Rows[i]))
		}
		g.row(line...)
	}
	return g.String()
}

func (r *stuckResult) text(x stuckRow) string {
	if x.Never > 0 {
		return fmt.Sprintf("> %s, %d of %d", millis(r.PatienceMS), x.Never, x.N)
	}
	return millis(x.OverMS.Median)
}

// millis writes a time so that its size is seen at once.
func millis(ms float64) string {
	switch {
	case math.Abs(ms) >= 1000:
		return fmt.Sprintf("%.3g s", ms/1000)
	case math.Abs(ms) < 10:
		return fmt.Sprintf("%.1f ms", ms)
	}
	return fmt.Sprintf("%.0f ms", ms)
}

// figures writes a number with as much as it is worth.
func figures(x float64) string {
	switch {
	case x >= 100:
		return fmt.Sprintf("%.0f", x)
	case x >= 1:
		return fmt.Sprintf("%.1f", x)
	}
	return fmt.Sprintf("%.2g", x)
}
