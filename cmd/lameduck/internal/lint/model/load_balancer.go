package model

import (
	"strings"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/object"
)

// LoadBalancer is one outside the cluster that has the pods themselves as targets.
type LoadBalancer struct {
	Name   string
	Object *object.Object // that asks for it
	// Late are the seconds in which it sends new connections to a pod that it was asked
	// to leave out, as its users have measured: AWS does not promise any.
	Late int
}

// The controller's issues 2366 (NLB), and 2106 and 1064 (ALB) have the figures.
const (
	lateNLB = 120
	lateALB = 15
)

// Outside is the load balancer that has the pods of the Service as its targets; nil if
// the manifests ask for none.
func (s *Service) Outside() *LoadBalancer {
	const aws = "service.beta.kubernetes.io/aws-load-balancer-"
	kind := s.Annotation(aws + "type").Text()
	ip := s.Annotation(aws+"nlb-target-type").Text() == "ip"
	class := s.Get("spec", "loadBalancerClass").Text() == "service.k8s.aws/nlb"
	if s.Get("spec", "type").Text() == "LoadBalancer" && (kind == "nlb-ip" || ip && (kind == "external" || class)) {
		return &LoadBalancer{"the network load balancer of AWS", s.Object, lateNLB}
	}
	o := s.Route
	if o == nil || o.Kind != "Ingress" || o.Annotation("alb.ingress.kubernetes.io/target-type").Text() != "ip" {
		return nil
	}
	if o.Get("spec", "ingressClassName").Text() == "alb" || o.Annotation("kubernetes.io/ingress.class").Text() == "alb" {
		return &LoadBalancer{"the application load balancer of " + o.String(), o, lateALB}
	}
	return nil
}

// ReadinessGates reports whether new pods wait until the load balancer has them.
func (s *Set) ReadinessGates(w *Workload) bool {
	if len(w.Pod.Get("readinessGates").Items()) > 0 {
		return true
	}
	for _, o := range s.Around {
		if o.Is("", "Namespace") && o.Name == w.Namespace && o.Get("metadata", "labels").Field("elbv2.k8s.aws/pod-readiness-gate-inject").Text() == "enabled" {
			return true
		}
	}
	return false
}

// BackendConfigs are what the annotation of a Service names in its JSON: BackendConfigs of
// Google, and the names of the ports that each is for.
func BackendConfigs(svc *object.Object) (names []string) {
	for i, text := range strings.Split(svc.Annotation("cloud.google.com/backend-config").Text(), `"`) {
		if i%2 == 1 {
			names = append(names, text)
		}
	}
	return names
}
