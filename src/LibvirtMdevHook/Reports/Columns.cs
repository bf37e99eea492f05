using System.Text.RegularExpressions;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Reports;

/// <summary>
/// Lines of columns, each as wide as its widest cell. Nothing is cut off: where a line is wider
/// than the terminal, its last cell, or its last columns, go on in the lines below.
/// </summary>
internal static partial class Columns
{
    private const int Gap = 2;

    /// <summary>How far a cell is indented that begins in the line below.</summary>
    private const int Hanging = 4;

    /// <summary>The least room in which the last column is of use.</summary>
    private const int LeastRoom = 24;

    /// <param name="rows">
    /// Cells of text from anywhere. A column that has text in no row is left out.
    /// </param>
    /// <param name="indent">What each line begins with.</param>
    /// <param name="width">The width of the terminal; null where a line has any width.</param>
    public static IEnumerable<string> Lines(IReadOnlyList<string[]> rows, string indent = "", int? width = null)
    {
        string[][] cells = [.. rows.Select(row => row.Select(OneLine.Of).ToArray())];
        var widths = new List<int>();
        foreach (var row in cells)
        {
            while (widths.Count < row.Length)
                widths.Add(0);
            for (var column = 0; column < row.Length; column++)
                widths[column] = Math.Max(widths[column], row[column].Length);
        }

        return cells.SelectMany(row => Lines(row, widths, indent, width));
    }

    private static IEnumerable<string> Lines(string[] row, List<int> widths, string indent, int? width)
    {
        var last = widths.FindLastIndex(w => w > 0);
        if (last < 0)
            return [""];
        var end = ColumnsOfFirstLine(widths, last, indent.Length, width);
        var begin = indent + Padded(row, widths, 0, end);
        if (end == last)
            return Lines(begin, Cell(row, last), indent.Length, width);
        var below = new string(' ', indent.Length + Hanging);
        return [begin.TrimEnd(), .. Lines(below + Padded(row, widths, end, last), Cell(row, last), below.Length, width)];
    }

    /// <returns>
    /// How many columns before the last one have room in a line: the same for all rows, so that
    /// what is below each other belongs together.
    /// </returns>
    private static int ColumnsOfFirstLine(List<int> widths, int last, int indent, int? width)
    {
        var used = indent;
        for (var column = 0; column < last; column++)
        {
            if (column > 0 && used + widths[column] > width)
                return column;
            if (widths[column] > 0)
                used += widths[column] + Gap;
        }

        return last;
    }

    private static string Padded(string[] row, List<int> widths, int begin, int end)
    {
        var cells = "";
        for (var column = begin; column < end; column++)
        {
            if (widths[column] > 0)
                cells += Cell(row, column).PadRight(widths[column] + Gap);
        }

        return cells;
    }

    /// <param name="begin">The line up to its last cell.</param>
    private static IEnumerable<string> Lines(string begin, string cell, int indent, int? width)
    {
        if (width is not { } columns || begin.Length + cell.Length <= columns)
            return [(begin + cell).TrimEnd()];
        var isOnlyCell = begin.Length == indent;
        if (isOnlyCell || columns - begin.Length >= LeastRoom)
            return Wrapped(begin, cell, columns, begin.Length);
        var below = new string(' ', indent + Hanging);
        return [begin.TrimEnd(), .. Wrapped(below, cell, columns, below.Length)];
    }

    private static IEnumerable<string> Wrapped(string begin, string cell, int width, int indent)
    {
        var line = begin;
        var isEmpty = true;
        foreach (var word in WordsOf(cell, width - indent))
        {
            if (!isEmpty && line.Length + 1 + word.Length > width)
            {
                yield return line;
                line = new string(' ', indent);
                isEmpty = true;
            }

            line += isEmpty ? word : $" {word}";
            isEmpty = false;
        }

        yield return line;
    }

    /// <summary>
    /// A command in single quotes stays in one line where there is room, so that it can be copied,
    /// as do a key and its value.
    /// </summary>
    private static IEnumerable<string> WordsOf(string text, int room)
    {
        foreach (var word in Words().Matches(text).Select(match => match.Value))
        {
            if (word.Length <= room)
            {
                yield return word;
                continue;
            }

            foreach (var part in word.Split(' '))
                yield return part;
        }
    }

    private static string Cell(string[] row, int column) => column < row.Length ? row[column] : "";

    [GeneratedRegex(@"\(?'[^']*'[^ ]*|[^ ']*: [^ ']+|[^ ]+")]
    private static partial Regex Words();
}
