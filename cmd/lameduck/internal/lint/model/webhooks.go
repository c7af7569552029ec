package model

import (
	"cmp"
	"slices"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/object"
)

// webhooksOf are those of a ValidatingWebhookConfiguration or MutatingWebhookConfiguration, and the
// one that converts the objects of a CustomResourceDefinition.
func webhooksOf(o *object.Object) (all []Webhook) {
	switch {
	case o.Is("apiextensions.k8s.io", "CustomResourceDefinition"):
		return conversionOf(o)
	case o.Group != "admissionregistration.k8s.io":
		return nil
	}
	unset := "Fail"
	if o.Get("apiVersion").Text() == "admissionregistration.k8s.io/v1beta1" {
		unset = "Ignore"
	}
	for _, v := range o.Get("webhooks").Items() {
		all = appendWebhook(all, o, v.Get("clientConfig"), cmp.Or(v.Get("failurePolicy").Text(), unset) == "Fail")
	}
	return all
}

// conversionOf is the webhook that converts objects between their versions: without it the API
// server can neither read nor write those that are stored in another one.
func conversionOf(o *object.Object) []Webhook {
	conversion := o.Get("spec", "conversion")
	if conversion.Get("strategy").Text() != "Webhook" {
		return nil
	}
	all := appendWebhook(nil, o, conversion.Get("webhook", "clientConfig"), true)
	return appendWebhook(all, o, conversion.Get("webhookClientConfig"), true) // of v1beta1
}

// appendWebhook appends a webhook that a Service answers; one with a URL is elsewhere.
func appendWebhook(all []Webhook, o *object.Object, config object.Value, fails bool) []Webhook {
	service := config.Get("service")
	if name := service.Get("name").Text(); name != "" {
		all = append(all, Webhook{o, Key{"Service", service.Get("namespace").Text(), name}, service.Get("port").IntOr(443), fails})
	}
	return all
}

// inManifest are the keys that the manifest of the Service may have: charts often leave the
// namespace to the command line.
func (h *Webhook) inManifest() []Key {
	return []Key{h.service, {"Service", "default", h.service.Name}}
}

// answers reports whether the Service is the one that answers h.
func (s *Service) answers(h Webhook) bool {
	return s.Name == h.service.Name && (s.Namespace == h.service.Namespace || !s.Get("metadata", "namespace").Present())
}

// OnlyWebhook is a webhook of the Service if the API server is its only client: each of its
// ports answers one, or is for metrics. One that fails comes first. nil for any other Service.
func (s *Service) OnlyWebhook() *Webhook {
	for _, p := range s.Ports {
		if !p.Metrics() && !slices.ContainsFunc(s.webhooks, func(h Webhook) bool { return h.port == p.Number }) {
			return nil
		}
	}
	for i := range s.webhooks {
		if s.webhooks[i].Fails {
			return &s.webhooks[i]
		}
	}
	if len(s.webhooks) > 0 {
		return &s.webhooks[0]
	}
	return nil
}
