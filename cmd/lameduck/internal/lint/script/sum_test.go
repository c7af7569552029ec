package script

import (
	"strings"
	"testing"

	"mvdan.cc/sh/v3/syntax"
)

// TestComputed: integers as a POSIX shell has them; what needs an unknown variable is
// not known, and what is not needed is not computed.
func TestComputed(t *testing.T) {
	value := func(name string) (string, bool) {
		v, known := map[string]string{"A": "7", "B": "010", "EMPTY": "", "WORD": "x y"}[name]
		return v, known
	}
	for sum, want := range map[string]string{
		"1 + 2 * 3": "7", "(1 + 2) * 3": "9", "-A + 2": "-5", "A - B": "-1", "$A % 4": "3", "${A} / 2": "3", "A / 0": "", "5 % EMPTY": "",
		"A > 6": "1", "A < 7": "0", "A <= 7 && A >= 7": "1", "A == 8 || A != 7": "0", "!A": "0", "!EMPTY": "1", "~0": "-1",
		"A > 1 ? 20 : MISSING": "20", "EMPTY ? MISSING : 5": "5", "0 && MISSING": "0", "1 || MISSING": "1",
		"${MISSING:-5} + 1": "6", "0x10": "16", "1, 2": "2", "+A": "7",
		"MISSING": "", "1 + MISSING": "", "MISSING ? 1 : 2": "", "WORD": "", "A++": "", "A = 1": "", "$(date +%s) - 1": "", "A << 1": "", "1 && MISSING": "",
	} {
		file, err := syntax.NewParser().Parse(strings.NewReader("echo $(("+sum+"))"), "")
		if err != nil {
			t.Fatal(sum, err)
		}
		e := file.Stmts[0].Cmd.(*syntax.CallExpr).Args[1].Parts[0].(*syntax.ArithmExp).X
		if got, known := computed(e, value); known != (want != "") || known && got != want {
			t.Errorf("%s: %s %t, want %q", sum, got, known, want)
		}
	}
}

// TestComputes: ((...)) sets variables; one whose value is not known loses the value
// that it had.
func TestComputes(t *testing.T) {
	for sum, want := range map[string]string{
		"i = 5": "5", "i += 2": "5", "i -= 1": "2", "i *= 4": "12", "i /= 2": "1", "i %= 2": "1", "i++": "4", "--i": "2", "i = i == 3 ? 8 : 9": "8",
		"i = MISSING": unknownWord, "i += MISSING": unknownWord, "i /= 0": unknownWord,
	} {
		list, ok := parseShell("((" + sum + "))")
		if !ok {
			t.Fatal(sum)
		}
		s := &shell{set: map[string]string{"i": "3"}, value: func(string) (string, bool) { return "", false }}
		if _, known := s.computes(list[0]); s.set["i"] != want || known == (want == unknownWord) {
			t.Errorf("%s: i is %q, known: %t; want %q", sum, s.set["i"], known, want)
		}
	}
}
