using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using LibvirtMdevHook.Simulator.Tree;

namespace LibvirtMdevHook.Simulator.Faults;

/// <summary>
/// A line for each write to an attribute when it ends, and a 'begin' line before it when it does not end at once; also for opens and reads
/// that met a fault. A line has the milliseconds since the start, the action, the path, the data in quotes (writes only), and the result.
/// </summary>
internal sealed partial class ActionLog
{
    private readonly long _start = Stopwatch.GetTimestamp();
    private readonly int _descriptor;

    /// <param name="path">The file to append to; if null, nothing is logged.</param>
    public ActionLog(string? path)
    {
        const int WriteOnly = 0x1, Create = 0x40, Append = 0x400, CloseOnExec = 0x80000;
        _descriptor = path is null ? -1 : Open(path, WriteOnly | Create | Append | CloseOnExec, 0x1A4);
        if (path is not null && _descriptor < 0)
            throw new IOException($"Cannot open the log '{path}': {Marshal.GetLastPInvokeErrorMessage()}.");
    }

    public static string Name(Errno errno) => errno == Errno.None ? "ok" : errno.ToString();

    public static string Name(Verb verb) => verb.ToString().ToLowerInvariant();

    public static string Quote(byte[] data)
    {
        var text = new StringBuilder("\"");
        foreach (var b in data)
        {
            text.Append(b switch
            {
                (byte)'\n' => "\\n",
                (byte)'"' => "\\\"",
                (byte)'\\' => @"\\",
                < 0x20 or > 0x7E => $"\\x{b:x2}",
                _ => ((char)b).ToString(),
            });
        }

        return text.Append('"').ToString();
    }

    public void Begin(Verb verb, string path, string data) => Append($"begin {Words(verb, path, data)}");

    public void End(Verb verb, string path, string data, string result) => Append($"{Words(verb, path, data)} {result}");

    private static string Words(Verb verb, string path, string data) => $"{Name(verb)} {path} {data}".TrimEnd();

    private void Append(string words)
    {
        if (_descriptor < 0)
            return;
        var line = Encoding.UTF8.GetBytes($"{(long)Stopwatch.GetElapsedTime(_start).TotalMilliseconds} {words}\n");
        if (Write(_descriptor, line, (nuint)line.Length) != line.Length)
            throw new IOException($"Cannot write to the log: {Marshal.GetLastPInvokeErrorMessage()}.");
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static partial nint Write(int descriptor, byte[] data, nuint size);
}
