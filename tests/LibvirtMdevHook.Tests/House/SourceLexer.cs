namespace LibvirtMdevHook.Tests.House;

/// <summary>
/// Splits C# source into tokens. Comments, directives and the text of literals are left out; what an interpolated string computes is
/// kept, in parentheses. The <c>?</c> of a null-conditional access is the token <c>?.</c>, whether a member or <c>[</c> follows.
/// </summary>
internal sealed partial class SourceLexer
{
    private static readonly string[] LongOperators = ["??=", "??", "=>", "::", "==", "!=", "<=", ">=", "&&", "||", ".."];

    private readonly string _text;
    private readonly List<SourceToken> _tokens = [];
    private int _at;
    private int _line = 1;
    private int _lineIsOf;

    private SourceLexer(string text) => _text = text;

    public static SourceToken[] Read(string text)
    {
        var lexer = new SourceLexer(text);
        lexer.ReadCode(isHole: false);
        return [.. lexer._tokens];
    }

    /// <param name="isHole">The code stands in an interpolated string, so it ends before its <c>}</c> or its format.</param>
    private void ReadCode(bool isHole)
    {
        var depth = 0;
        while (_at < _text.Length)
        {
            if (isHole && depth == 0 && EndsHole())
                return;
            if (TrySkipBlank() || TryReadString() || TryReadNumber() || TryReadWord())
                continue;
            var symbol = Symbol();
            Add(symbol == "?[" ? "?." : symbol);
            _at += symbol == "?[" ? 1 : symbol.Length;
            if (symbol is "(" or "[" or "{")
                depth++;
            else if (symbol is ")" or "]" or "}")
                depth--;
        }
    }

    private bool EndsHole() => Next(0) == '}' || (Next(0) == ':' && Next(1) != ':');

    private bool TrySkipBlank()
    {
        if (char.IsWhiteSpace(_text[_at]))
        {
            _at++;
            return true;
        }

        if (Is("/*"))
        {
            SkipPast("*/");
            return true;
        }

        if (!Is("//") && !IsDirective())
            return false;
        SkipPast("\n");
        return true;
    }

    /// <summary>A <c>#</c> that is the first thing on its line.</summary>
    private bool IsDirective()
    {
        if (Next(0) != '#')
            return false;
        var start = _text.LastIndexOf('\n', _at) + 1;
        return _text.AsSpan(start, _at - start).IsWhiteSpace();
    }

    private bool TryReadNumber()
    {
        var isFraction = Next(0) == '.' && char.IsAsciiDigit(Next(1));
        if (!isFraction && !char.IsAsciiDigit(Next(0)))
            return false;
        Add("0");
        _at++;
        // The point of '1.5' belongs to the number, those of '1..5' and '1.ToString()' do not.
        while (char.IsAsciiLetterOrDigit(Next(0)) || Next(0) == '_' || (Next(0) == '.' && char.IsAsciiDigit(Next(1))))
            _at++;
        return true;
    }

    private bool TryReadWord()
    {
        var length = Next(0) == '@' ? 1 : 0;
        while (char.IsLetterOrDigit(Next(length)) || Next(length) == '_')
            length++;
        if (length == 0)
            return false;
        Add(_text.Substring(_at, length));
        _at += length;
        return true;
    }

    private string Symbol()
    {
        var access = Next(0) == '?' && ((Next(1) == '.' && !char.IsAsciiDigit(Next(2))) || Next(1) == '[');
        if (access)
            return _text.Substring(_at, 2);
        return Array.Find(LongOperators, Is) ?? _text[_at].ToString();
    }

    private void Add(string text)
    {
        _line += _text.AsSpan(_lineIsOf, _at - _lineIsOf).Count('\n');
        _lineIsOf = _at;
        _tokens.Add(new SourceToken(text, _line));
    }

    private void SkipPast(string end)
    {
        var found = _text.IndexOf(end, _at, StringComparison.Ordinal);
        _at = found < 0 ? _text.Length : found + end.Length;
    }

    private bool Is(string text) => string.CompareOrdinal(_text, _at, text, 0, text.Length) == 0;

    /// <returns>NUL beyond the end.</returns>
    private char Next(int offset) => _at + offset < _text.Length ? _text[_at + offset] : '\0';
}
