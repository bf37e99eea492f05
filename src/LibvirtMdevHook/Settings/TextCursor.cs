namespace LibvirtMdevHook.Settings;

/// <summary>A place in a text, which only goes forward, and its line.</summary>
internal sealed class TextCursor(string text)
{
    private int _at;

    /// <summary>The line of the place, from 1.</summary>
    public int Line { get; private set; } = 1;

    public bool IsAtEnd => _at >= text.Length;

    /// <summary>The end of the text counts as the end of its last line.</summary>
    public bool IsAtLineEnd => Next is '\n' or '\r';

    /// <summary>The character at the place.</summary>
    public char Next => IsAtEnd ? '\n' : text[_at];

    /// <returns>The place, for <see cref="TextSince"/>.</returns>
    public int Mark() => _at;

    public string TextSince(int mark) => text[mark.._at];

    /// <returns>What is left of the line, whose end is not passed.</returns>
    public string RestOfLine()
    {
        var end = text.AsSpan(_at).IndexOfAny('\n', '\r');
        return end < 0 ? text[_at..] : text.Substring(_at, end);
    }

    /// <returns>Whether the characters come next; they have been passed then.</returns>
    public bool TryPass(string expected)
    {
        if (string.CompareOrdinal(text, _at, expected, 0, expected.Length) != 0)
            return false;
        Pass(expected.Length);
        return true;
    }

    /// <returns>
    /// What stands before the characters, which have been passed; null when they do not come, and
    /// nothing was passed.
    /// </returns>
    public string? PassUntil(string end)
    {
        var length = text.AsSpan(_at).IndexOf(end, StringComparison.Ordinal);
        if (length < 0)
            return null;
        var before = text.Substring(_at, length);
        Pass(length + end.Length);
        return before;
    }

    /// <returns>The characters that are of a kind; they have been passed.</returns>
    public string PassWhile(Func<char, bool> isOfKind)
    {
        var mark = _at;
        while (!IsAtEnd && isOfKind(text[_at]))
            Pass(1);
        return TextSince(mark);
    }

    /// <summary>Passes the rest of the line, but not its end.</summary>
    public void PassLine() => Pass(RestOfLine().Length);

    public void PassBlanks() => PassWhile(c => c is ' ' or '\t');

    /// <summary>Passes blanks, line ends and comments.</summary>
    public void PassToNextWord()
    {
        while (true)
        {
            PassWhile(c => c is ' ' or '\t' or '\n' or '\r');
            if (Next != '#')
                return;
            PassLine();
        }
    }

    private void Pass(int count)
    {
        Line += text.AsSpan(_at, count).Count('\n');
        _at += count;
    }
}
