namespace LibvirtMdevHook.Tests.House;

/// <summary>Literals of characters and strings: plain, verbatim, raw and interpolated.</summary>
internal sealed partial class SourceLexer
{
    private bool TryReadString()
    {
        if (Next(0) == '\'')
        {
            Add("''");
            _at++;
            ReadPlain('\'', dollars: 0);
            return true;
        }

        var start = 0;
        while (Next(start) is '$' or '@')
            start++;
        if (Next(start) != '"')
            return false;
        var prefix = _text.Substring(_at, start);
        var dollars = prefix.Count(c => c == '$');
        Add("\"\"");
        _at += start;
        var quotes = RunOf('"');
        if (prefix.Contains('@', StringComparison.Ordinal))
            ReadVerbatim(dollars);
        else if (quotes >= 3)
            ReadRaw(quotes, dollars);
        else
            ReadQuoted(dollars);
        // The 'u8' of a UTF-8 literal belongs to it.
        if (Is("u8"))
            _at += 2;
        return true;
    }

    private void ReadQuoted(int dollars)
    {
        _at++;
        ReadPlain('"', dollars);
    }

    /// <summary>Up to the closing quote; a backslash hides the character after it.</summary>
    private void ReadPlain(char quote, int dollars)
    {
        while (_at < _text.Length && Next(0) != quote)
        {
            if (Next(0) == '\\')
                _at += 2;
            else if (!TryReadHole(dollars))
                _at++;
        }

        _at++;
    }

    /// <summary>Up to the closing quote; two quotes stand for one.</summary>
    private void ReadVerbatim(int dollars)
    {
        _at++;
        while (_at < _text.Length && (Next(0) != '"' || Next(1) == '"'))
        {
            if (Next(0) == '"')
                _at += 2;
            else if (!TryReadHole(dollars))
                _at++;
        }

        _at++;
    }

    /// <summary>Up to as many quotes as there were at the beginning.</summary>
    private void ReadRaw(int quotes, int dollars)
    {
        _at += quotes;
        while (_at < _text.Length && RunOf('"') < quotes)
        {
            if (!TryReadHole(dollars))
                _at += Math.Max(RunOf('"'), 1);
        }

        _at += quotes;
    }

    /// <summary>
    /// With one <c>$</c>, a hole opens with one brace and two braces are text; with more, it opens with the last of as many braces.
    /// </summary>
    /// <returns>Whether something was read.</returns>
    private bool TryReadHole(int dollars)
    {
        var braces = RunOf('{');
        if (dollars == 0 || braces == 0)
            return false;
        if (braces < dollars || (dollars == 1 && braces % 2 == 0))
        {
            _at += braces;
            return true;
        }

        _at += braces;
        Add("(");
        ReadCode(isHole: true);
        Add(")");
        // The format, if there is one.
        while (_at < _text.Length && Next(0) != '}')
            _at++;
        _at += dollars;
        return true;
    }

    private int RunOf(char c)
    {
        var length = 0;
        while (Next(length) == c)
            length++;
        return length;
    }
}
