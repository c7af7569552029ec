package diagnose

var ruleTooBusy = rule{
	id:         tooBusy,
	title:      "This machine is too busy for a result",
	why:        "Requests time out all over the run, and those to the control target, which never terminates, fail or wait as well. Whatever the server did, its clients were late, so the result is inconclusive.",
	summary:    "This machine is too busy for a result: requests time out all over the run, and those to the control target, which never terminates, fail or wait as well.",
	noEvidence: func(m *match) doubt { return doubt{m.lateness(), hintLate} },
	explains:   func(d *dropFacts) bool { return d.run.overload == tooBusy && timedOut(&d.Attempt) },
	note:       noteControl,
	fix: func(*match) advice {
		return advice{always: "lower --rate, run on a less busy machine, or send the traffic from another machine; these drops are no evidence against the server."}
	},
}
