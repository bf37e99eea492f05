using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using LibvirtMdevHook.Reports;

namespace LibvirtMdevHook.Cli;

/// <summary>How the verbs print: columns for people, or JSON.</summary>
internal static class Listing
{
    private static readonly JsonWriterOptions Json = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Prints columns, on a terminal in its width.</summary>
    public static void Print(IReadOnlyList<string[]> rows, string indent = "") => PrintLines(Columns.Lines(rows, indent, Output.Width));

    public static void PrintLines(IEnumerable<string> lines)
    {
        foreach (var line in lines)
            Output.WriteLine(line);
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
