using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Cli;

/// <summary>How the verbs print: columns for people, or JSON.</summary>
internal static class Listing
{
    private static readonly JsonWriterOptions Json = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Columns as wide as their widest cell; control characters of others' texts become '?'.</summary>
    public static void Print(IReadOnlyList<string[]> rows, string indent = "")
    {
        if (rows.Count == 0)
            return;
        var widths = Enumerable.Range(0, rows.Max(r => r.Length)).Select(i => rows.Max(r => i < r.Length ? r[i].Length : 0)).ToArray();
        foreach (var row in rows)
            Console.WriteLine((indent + string.Join("  ", row.Select((cell, i) => OneLine.Of(cell).PadRight(widths[i])))).TrimEnd());
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
