package manifest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/document"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
)

// Choice is what to take where a file has several Services, ports or containers.
// Read chooses where a field is empty.
type Choice struct {
	Service   string // the Service that the load goes to; by default the one of the probed port
	Port      string // its port, by name or number; without a Service the container's
	Container string // the container that the command is run as; by default the one of the port
}

// front is what the load goes to: one port of the pods, and the Service port
// and the container that it belongs to.
type front struct {
	service   *Service // nil: none selects the pods
	at        value    // the ports of the service in the file
	port      int      // index of the port in service
	container int      // index of the container
	target    Port
	probed    bool // the readiness probe of the container asks this port
}

// label is the name of the front in messages: web:80.
func (f front) label() string {
	if f.service == nil {
		return strconv.Itoa(f.target.Number)
	}
	return document.Display(f.service.Name) + ":" + strconv.Itoa(f.service.Ports[f.port].Port)
}

// chooseFront takes one port of the pods: the one that was asked for; else
// that of the readiness probe, of a Service with an address of its own before
// a headless one; else the first.
func (f *file) chooseFront(services []object, containers []container, want Choice) front {
	var all []front
	for _, o := range services {
		all = append(all, frontsOf(o, containers)...)
	}
	if len(services) == 0 {
		all = bareFronts(containers, want.Port)
	}
	fit := slices.DeleteFunc(slices.Clone(all), func(c front) bool { return !want.allows(c, containers) })
	if len(fit) == 0 {
		f.noFront(all, containers, want)
		return front{}
	}
	chosen := slices.MaxFunc(fit, func(a, b front) int { return a.rank() - b.rank() })
	if len(services) > 0 && len(all) > 1 && want.Service == "" && want.Port == "" {
		others := slices.DeleteFunc(labels(all), func(l string) bool { return l == chosen.label() })
		chosen.at.note("the load goes to Service %s; %s would lead to these pods too (--service and --port choose)",
			chosen.label(), strings.Join(others, ", "))
	}
	return chosen
}

// rank is higher for what clients are more likely to use.
func (f front) rank() int {
	rank := 0
	if f.probed {
		rank += 2
	}
	if f.service != nil && !f.service.Headless {
		rank++
	}
	return rank
}

// frontsOf are the ports of a Service.
func frontsOf(o object, containers []container) (all []front) {
	s := service(o)
	for i, p := range s.Ports {
		c := front{service: s, at: o.get("spec").get("ports"), port: i}
		for n, candidate := range containers {
			if number := numberOf(p.Target, candidate.ports); slices.ContainsFunc(candidate.ports, func(p Port) bool { return p.Number == number }) {
				c.container = n
				break
			}
		}
		c.target = Port{p.Target.Name, numberOf(p.Target, containers[c.container].ports)}
		c.probed = c.target.Number != 0 && c.target.Number == containers[c.container].probed
		all = append(all, c)
	}
	if len(s.Ports) == 0 {
		all = append(all, front{service: s})
	}
	return all
}

// bareFronts are the ports of the containers, for a file without a Service. A
// number that was asked for need not be declared.
func bareFronts(containers []container, port string) (all []front) {
	for i, c := range containers {
		ports := c.ports
		if number, err := strconv.Atoi(port); err == nil && !slices.ContainsFunc(ports, func(p Port) bool { return p.Number == number }) {
			ports = append(slices.Clone(ports), Port{Number: number})
		}
		for _, p := range ports {
			all = append(all, front{container: i, target: p, probed: p.Number == c.probed})
		}
		if len(ports) == 0 {
			all = append(all, front{container: i})
		}
	}
	return all
}

func (w Choice) allows(c front, containers []container) bool {
	if w.Container != "" && w.Container != containers[c.container].name {
		return false
	}
	name, number := c.target.Name, c.target.Number
	if c.service != nil {
		if len(c.service.Ports) == 0 {
			return w.Port == "" && (w.Service == "" || w.Service == c.service.Name)
		}
		name, number = c.service.Ports[c.port].Name, c.service.Ports[c.port].Port
	} else if w.Service != "" {
		return false
	}
	return (w.Service == "" || w.Service == c.service.Name) && (w.Port == "" || w.Port == name || w.Port == strconv.Itoa(number))
}

// noFront records the error that nothing in the file is what was asked for.
func (f *file) noFront(all []front, containers []container, want Choice) {
	if f.err != nil || len(all) == 0 {
		return
	}
	names := make([]string, len(containers))
	for i, c := range containers {
		names[i] = c.name
	}
	var asked []string
	for _, w := range []struct{ flag, value string }{{"--service", want.Service}, {"--port", want.Port}, {"--container", want.Container}} {
		if w.value != "" {
			asked = append(asked, w.flag+" "+w.value)
		}
	}
	err := fmt.Errorf("%s: nothing in it is %s", f.name, strings.Join(asked, " and "))
	advice := "the pods have the containers " + strings.Join(names, ", ")
	if all[0].service != nil {
		advice += ", and the Services send to them by " + strings.Join(labels(all), ", ")
	}
	f.err = hint.New(err, advice)
}

func labels(all []front) (list []string) {
	for _, c := range all {
		if c.service == nil || len(c.service.Ports) > 0 {
			list = append(list, c.label())
		}
	}
	return list
}
