// SPDX-License-Identifier: Apache-2.0
using System;

namespace Barrer.Linux;

/// <summary>Patterns as of fnmatch(3) without flags: "*", "?", "[a-z]", "[!a-z]". Module aliases and the
/// patterns of configuration files are matched by this.</summary>
public static class Glob
{
    public static bool Matches(ReadOnlySpan<char> pattern, ReadOnlySpan<char> text)
    {
        // One place to come back to is enough: a later "*" makes an earlier one final.
        int p = 0, t = 0, starPattern = -1, starText = 0;
        while (t < text.Length)
        {
            if (p < pattern.Length && pattern[p] == '*')
            {
                starPattern = ++p;
                starText = t;
            }
            else if (p < pattern.Length && MatchesOne(pattern, p, text[t], out int next))
            {
                p = next;
                t++;
            }
            else if (starPattern >= 0)
            {
                p = starPattern;
                t = ++starText;
            }
            else
                return false;
        }
        while (p < pattern.Length && pattern[p] == '*')
            p++;
        return p == pattern.Length;
    }

    private static bool MatchesOne(ReadOnlySpan<char> pattern, int at, char c, out int next)
    {
        next = at + 1;
        if (pattern[at] == '?')
            return true;
        int end = pattern[at] == '[' ? EndOfSet(pattern, at) : -1;
        if (end < 0)
            return pattern[at] == c;
        next = end + 1;
        ReadOnlySpan<char> set = pattern[(at + 1)..end];
        bool negated = set[0] is '!' or '^';
        return IsInSet(negated ? set[1..] : set, c) != negated;
    }

    private static int EndOfSet(ReadOnlySpan<char> pattern, int at)
    {
        int first = at + 1 < pattern.Length && pattern[at + 1] is '!' or '^' ? at + 2 : at + 1;
        // "[]a]": a bracket in the first place is a member.
        int end = first + 1 < pattern.Length ? pattern[(first + 1)..].IndexOf(']') : -1;
        return end < 0 ? -1 : first + 1 + end;
    }

    private static bool IsInSet(ReadOnlySpan<char> set, char c)
    {
        for (int i = 0; i < set.Length; i++)
        {
            if (i + 2 < set.Length && set[i + 1] == '-')
            {
                if (c >= set[i] && c <= set[i + 2])
                    return true;
                i += 2;
            }
            else if (set[i] == c)
                return true;
        }
        return false;
    }
}
