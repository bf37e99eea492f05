using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Cli;

/// <summary>How the verbs print: columns for people, or JSON.</summary>
internal static class Listing
{
    private static readonly JsonWriterOptions Json = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Prints columns that are as wide as their widest cell.</summary>
    public static void Print(IReadOnlyList<string[]> rows, string indent = "")
    {
        var widths = new List<int>();
        string[][] shown = [.. rows.Select(row => row.Select(OneLine.Of).ToArray())];
        foreach (var row in shown)
        {
            while (widths.Count < row.Length)
                widths.Add(0);
            for (var column = 0; column < row.Length; column++)
                widths[column] = Math.Max(widths[column], row[column].Length);
        }

        foreach (var row in shown)
        {
            var cells = row.Select((cell, column) => cell.PadRight(widths[column]));
            Output.WriteLine($"{indent}{string.Join("  ", cells)}".TrimEnd());
        }
    }

    public static void Print(JsonNode json)
    {
        var bytes = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(bytes, Json))
            json.WriteTo(writer);
        Output.WriteJson(Encoding.UTF8.GetString(bytes.WrittenSpan));
    }

    public static JsonArray Array(IEnumerable<JsonNode?> items)
    {
        var array = new JsonArray();
        foreach (var item in items)
            array.Add(item);
        return array;
    }
}
