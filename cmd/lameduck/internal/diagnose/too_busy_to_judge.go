package diagnose

var ruleTooBusy = rule{
	id:       tooBusy,
	summary:  "This machine is too busy for a result: requests time out all over the run, and those to the control target, which never terminates, fail or wait as well.",
	explains: func(d *dropFacts) bool { return d.overload == tooBusy && timedOut(d.Attempt) },
	note:     noteControl,
	fix: func(*match) advice {
		return advice{other: "lower --rate, run on a less busy machine, or send the traffic from another machine; these drops are no evidence against the server."}
	},
}
