package gather

import (
	"io/fs"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// valueNames are fields of Kubernetes, and words of advice for them, with how charts name the
// values that become such a field.
var valueNames = map[string]*regexp.Regexp{
	"replicas":                      regexp.MustCompile(`^replica(s|Count)$`),
	"lifecycle":                     regexp.MustCompile(`^lifecycle(Hooks)?$`),
	"preStop":                       regexp.MustCompile(`^(lifecycle(Hooks)?|preStop)$`),
	"terminationGracePeriodSeconds": regexp.MustCompile(`^terminationGracePeriod(Seconds)?$`),
	"topologySpreadConstraints":     regexp.MustCompile(`^topologySpreadConstraints$`),
	"publishNotReadyAddresses":      regexp.MustCompile(`^publishNotReadyAddresses$`),
	"PodDisruptionBudget":           budgetValue,
	"budget":                        budgetValue,
}

var budgetValue = regexp.MustCompile(`^(pdb|([pP]od)?[dD]isruptionBudget)$`)

var adviceWord, chartValue = regexp.MustCompile(`\w+`), regexp.MustCompile(`\.Values((?:\.\w+)+)`)

// Values are the values of a chart that become the fields of an advice about that place, in
// their order. Of several of one name it is that beside the number of replicas of the same
// template; none, rather than one of another component, or of another container: of those of a
// container none, unless the pod has one container.
func (m *Manifests) Values(at Place, advice string, oneContainer bool) (all []string) {
	i := slices.IndexFunc(m.builds, func(b *build) bool {
		return b.chart != "" && strings.HasPrefix(at.File, filepath.Join(b.chart, "templates")+string(filepath.Separator))
	})
	if i < 0 {
		return nil
	}
	here, everywhere := m.valuesOf(at.File), m.chartValues(m.builds[i])
	component, named := ".", false
	if replicas := called(here, valueNames["replicas"]); len(replicas) == 1 {
		component, named = path.Dir(replicas[0]), true
	}
	for _, word := range adviceWord.FindAllString(advice, -1) {
		name := valueNames[word]
		if name == nil || !oneContainer && (word == "lifecycle" || word == "preStop") {
			continue
		}
		found := called(here, name)
		if named {
			found = slices.DeleteFunc(called(everywhere, name), func(value string) bool { return path.Dir(value) != component })
		}
		if len(found) != 1 {
			continue
		}
		if value := strings.ReplaceAll(found[0], "/", "."); !slices.Contains(all, value) {
			all = append(all, value)
		}
	}
	return all
}

// called returns the paths with such a name, of values and of the maps that contain them: of
// server/replicas it compares the names server and replicas.
func called(values []string, name *regexp.Regexp) (found []string) {
	for _, value := range values {
		for at := value; at != "."; at = path.Dir(at) {
			if name.MatchString(path.Base(at)) && !slices.Contains(found, at) {
				found = append(found, at)
			}
		}
	}
	return found
}

// chartValues are those that any template of the chart uses. The templates are read once.
func (m *Manifests) chartValues(b *build) []string {
	b.readValues.Do(func() {
		filepath.WalkDir(filepath.Join(b.chart, "templates"), func(file string, d fs.DirEntry, err error) error {
			if err == nil && d.Type().IsRegular() {
				b.values = append(b.values, m.valuesOf(file)...)
			}
			return nil // what cannot be read has no values; helm has reported it
		})
	})
	return b.values
}

// valuesOf are the values that a template uses, as paths: server/replicas.
func (m *Manifests) valuesOf(file string) (all []string) {
	f, err := m.text(file)
	if err != nil {
		return nil
	}
	for _, found := range chartValue.FindAllSubmatch(f.Data, -1) {
		all = append(all, strings.ReplaceAll(string(found[1][1:]), ".", "/"))
	}
	return all
}
