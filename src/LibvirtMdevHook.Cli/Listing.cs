using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Cli;

/// <summary>How the verbs print: columns for people, or JSON.</summary>
internal static class Listing
{
    private static readonly JsonWriterOptions Json = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Columns as wide as their widest cell; a control character, which only other programs' texts have, becomes '?'.</summary>
    public static void Print(IReadOnlyList<string[]> rows, string indent = "")
    {
        var widths = new List<int>();
        foreach (var row in rows)
        {
            while (widths.Count < row.Length)
                widths.Add(0);
            for (var column = 0; column < row.Length; column++)
                widths[column] = Math.Max(widths[column], row[column].Length);
        }

        foreach (var row in rows)
        {
            var cells = row.Select((cell, column) => OneLine.Of(cell).PadRight(widths[column]));
            Console.WriteLine($"{indent}{string.Join("  ", cells)}".TrimEnd());
        }
    }

    public static void Print(JsonNode json)
    {
        using var output = Console.OpenStandardOutput();
        using (var writer = new Utf8JsonWriter(output, Json))
            json.WriteTo(writer);
        output.WriteByte((byte)'\n');
    }

    public static JsonArray Array(IEnumerable<JsonNode?> items)
    {
        var array = new JsonArray();
        foreach (var item in items)
            array.Add(item);
        return array;
    }
}
