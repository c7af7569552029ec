package model

// DrainDelay is how many seconds the clients of a Service need to leave a pod, on clusters
// of up to about a thousand nodes.
const DrainDelay = 10

// DNSTTL is for how many seconds a client may use an address of a headless Service: ttl 30 in the
// Corefile of kubeadm.
const DNSTTL = 30

// Delay is for how long the container accepts connections after its termination begins, by
// its hook and its settings; not known if the hook or the program may delay the end further.
func (c *Container) Delay() (seconds int, known bool) {
	if h := c.Hook(); h != nil {
		if h.Open {
			return 0, false
		}
		seconds = h.Planned
	}
	accepts := 0
	if t, ok := LongestDrain(c.Drains()); ok {
		accepts = t.Accepts
	}
	return seconds + accepts, accepts > 0 || !c.acceptsByItself()
}
