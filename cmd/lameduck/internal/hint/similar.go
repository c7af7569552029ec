package hint

import "strings"

// Similar is the word of a list that is most like one that was typed, and in
// how many letters the two differ. Upper and lower case are one letter's
// difference altogether, and so is a part of the word: strategy is short for
// updateStrategy.
func Similar(typed string, words []string) (word string, distance int) {
	distance = len(typed) + 1
	for _, known := range words {
		d := editDistance(known, typed)
		if strings.EqualFold(known, typed) || len(typed) > 6 && strings.Contains(strings.ToLower(known), strings.ToLower(typed)) {
			d = 1
		}
		if d < distance {
			word, distance = known, d
		}
	}
	return word, distance
}

// DidYouMean is the hint on a word that is not known: the one that was probably
// meant, or else what to do where none is like it.
func DidYouMean(typed string, words []string, otherwise string) string {
	if word, distance := Similar(typed, words); word != "" && distance <= max(1, len(typed)/3) {
		return "did you mean " + word + "? (" + otherwise + ")"
	}
	return otherwise
}

// editDistance is the number of letters to insert, delete, replace, or swap
// with the next one, that make b from a (optimal string alignment).
func editDistance(a, b string) int {
	rows := [3][]int{make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)}
	for j := range rows[1] {
		rows[1][j] = j
	}
	for i := range a {
		before, above, row := rows[0], rows[1], rows[2]
		row[0] = i + 1
		for j := range b {
			different := 1
			if a[i] == b[j] {
				different = 0
			}
			row[j+1] = min(above[j+1]+1, row[j]+1, above[j]+different)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		rows = [3][]int{above, row, before}
	}
	return rows[1][len(b)]
}
