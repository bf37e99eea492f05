using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Hosts;

/// <summary>
/// The text of a 2016 parent's <c>mdev_supported_types</c>. It has a header after '#', perhaps
/// wrapped over several lines, and rows of fields separated by commas, with names in double quotes.
/// A row is a line that begins with a digit. The header gives the order of the columns; where it
/// has other words, they have the order of the proposal.
/// </summary>
internal static class Rfc2016Table
{
    private static readonly string[] ProposalColumns =
        ["vgpu_type_id", "vgpu_type", "max_instance", "num_heads", "frl_config", "framebuffer", "max_resolution"];

    public static ImmutableArray<MdevType> Parse(string text)
    {
        var lines = text.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        var header = string.Concat(lines.TakeWhile(line => !IsRow(line))).TrimStart('#');
        var columns = header.Split(',', StringSplitOptions.TrimEntries);
        if (!columns.Contains("vgpu_type_id"))
            columns = ProposalColumns;
        var places = ProposalColumns.ToDictionary(column => column, column => Array.IndexOf(columns, column));
        return [.. lines.Where(IsRow).Select(line => Row(Fields(line), columns, places)).OfType<MdevType>()];
    }

    private static bool IsRow(string line) => char.IsAsciiDigit(line[0]);

    private static MdevType? Row(List<string> fields, string[] columns, Dictionary<string, int> places)
    {
        if (!SysfsName.TryParse(Field("vgpu_type_id"), out var id) || !id.ToString().All(char.IsAsciiDigit))
            return null;
        var hasMaximum = int.TryParse(Field("max_instance"), NumberStyles.None, CultureInfo.InvariantCulture, out var maximum);
        return new MdevType(
            id,
            Field("vgpu_type"),
            MaxInstances: hasMaximum ? maximum : null,
            Framebuffer: Field("framebuffer"),
            Description: string.Join(", ", columns.Zip(fields).Skip(2).Select(c => $"{c.First}={c.Second}")));

        string? Field(string column)
        {
            var index = places[column];
            return index >= 0 && index < fields.Count && fields[index].Length > 0 ? fields[index] : null;
        }
    }

    private static List<string> Fields(string line)
    {
        var fields = new List<string>();
        var field = new StringBuilder();
        var isQuoted = false;
        foreach (var c in line + ',')
        {
            if (c == '"')
            {
                isQuoted = !isQuoted;
            }
            else if (c == ',' && !isQuoted)
            {
                fields.Add(field.ToString().Trim());
                field.Clear();
            }
            else
            {
                field.Append(c);
            }
        }

        return fields;
    }
}
