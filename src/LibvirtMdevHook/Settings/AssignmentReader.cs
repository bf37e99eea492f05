using System.Collections.Immutable;
using System.Globalization;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Settings;

/// <summary>
/// Reads the grammar of libvirt's own configuration files, as virConf of libvirt 9.0 takes it:
/// numbers, texts in single, double or three double quotes, lists of them in brackets, over several
/// lines and with a comma at their end, ';' between two assignments on a line, and comments after
/// '#'. libvirt takes no comment in a list and no decimal point; this program takes both.
/// </summary>
internal sealed class AssignmentReader
{
    private const string ThreeQuotes = "\"\"\"";

    private readonly TextCursor _cursor;

    /// <summary>What is wrong with the assignment at hand; null as long as nothing is.</summary>
    private Reason? _mistake;

    private AssignmentReader(string text) => _cursor = new TextCursor(text);

    /// <summary>The rest of the line, for messages.</summary>
    private string Rest => $"'{Assignment.Short(_cursor.RestOfLine())}'";

    /// <returns>
    /// All that stands in the text, in its order. A mistake changes nothing in how the next line is
    /// read.
    /// </returns>
    public static IEnumerable<Assignment> Read(string text)
    {
        var reader = new AssignmentReader(text);
        while (true)
        {
            reader._cursor.PassToNextWord();
            if (reader._cursor.IsAtEnd)
                yield break;
            yield return reader.ReadOne();
        }
    }

    private Assignment ReadOne()
    {
        _mistake = null;
        var first = _cursor.Line;
        var start = _cursor.Mark();
        var key = char.IsAsciiLetter(_cursor.Next) ? _cursor.PassWhile(c => char.IsAsciiLetterOrDigit(c) || c == '_') : "";
        _cursor.PassBlanks();
        if (key.Length == 0 || !_cursor.TryPass("="))
        {
            _cursor.PassLine();
            var all = _cursor.TextSince(start);
            return new Assignment(first, "", all, null, $"'{Assignment.Short(all)}' is not 'key = value'");
        }

        _cursor.PassBlanks();
        var begin = _cursor.Mark();
        var value = ReadValue();
        var source = _cursor.TextSince(begin);
        if (_mistake is null && !TryEnd())
            _mistake = $"after the value comes {Rest}, where its line should end";
        if (_mistake is null)
            return new Assignment(first, key, source, value, null);
        // A value without an end is reported with the line on which it begins.
        var line = _cursor.IsAtEnd ? first : _cursor.Line;
        PassMistake(first);
        return new Assignment(line, key, _cursor.TextSince(begin), null, _mistake);
    }

    /// <returns>Whether an assignment may end here; what ends it has been passed.</returns>
    private bool TryEnd()
    {
        _cursor.PassBlanks();
        return _cursor.IsAtLineEnd || _cursor.Next == '#' || _cursor.TryPass(";");
    }

    /// <summary>
    /// Passes the rest of the line with the mistake. In a list without an end that is the line of
    /// the next key, which is not passed.
    /// </summary>
    private void PassMistake(int first)
    {
        if (_cursor.Line == first || !char.IsAsciiLetter(_cursor.Next))
            _cursor.PassLine();
    }

    /// <returns>Null after a mistake.</returns>
    private SettingValue? ReadValue() => _cursor.TryPass("[") ? ReadList() : ReadItem();

    private SettingValue? ReadList()
    {
        var items = ImmutableArray.CreateBuilder<SettingValue>();
        while (true)
        {
            _cursor.PassToNextWord();
            if (_cursor.TryPass("]"))
                return new SettingValue { Items = items.ToImmutable() };
            if (_cursor.IsAtEnd)
                return Fail("the list has no ']' at its end");
            if (ReadItem() is not { } item)
                return null;
            items.Add(item);
            _cursor.PassToNextWord();
            if (!_cursor.TryPass(",") && _cursor.Next != ']' && !_cursor.IsAtEnd)
                return Fail($"{Rest} stands where the list should have ',' or ']'");
        }
    }

    private SettingValue? ReadItem()
    {
        if (_cursor.Next is '"' or '\'')
            return ReadText();
        if (char.IsAsciiDigit(_cursor.Next) || _cursor.Next is '-' or '+')
            return ReadNumber();
        return Fail(_cursor.IsAtLineEnd ? "there is no value" : $"{Rest} is no value, as texts need quotes");
    }

    /// <summary>
    /// There are no escapes: a text with one kind of quote in it is put in the other.
    /// </summary>
    private SettingValue? ReadText()
    {
        if (_cursor.TryPass(ThreeQuotes))
        {
            if (_cursor.PassUntil(ThreeQuotes) is { } lines)
                return new SettingValue { Text = lines };
            return Fail($"the text has no {ThreeQuotes} at its end");
        }

        var quote = _cursor.Next;
        _cursor.TryPass($"{quote}");
        var text = _cursor.PassWhile(c => c != quote && c is not ('\n' or '\r'));
        return _cursor.TryPass($"{quote}") ? new SettingValue { Text = text } : Fail($"the text has no {quote} at its end");
    }

    private SettingValue? ReadNumber()
    {
        var text = _cursor.PassWhile(c => char.IsAsciiDigit(c) || c is '-' or '+' or '.');
        const NumberStyles Decimal = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint;
        if (double.TryParse(text, Decimal, CultureInfo.InvariantCulture, out var number))
            return new SettingValue { Number = number };
        return Fail($"'{text}' is no number");
    }

    private SettingValue? Fail(string mistake)
    {
        _mistake = mistake;
        return null;
    }
}
