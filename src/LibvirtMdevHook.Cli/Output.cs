using System.Text;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Cli;

/// <summary>
/// The only way by which verbs print. A terminal obeys what it is sent, and much of what is printed
/// comes from outside: names of domains, types and processes, texts of drivers and paths.
/// </summary>
internal static class Output
{
    /// <summary>
    /// Whether stdout is a terminal. A child process prints into a pipe, so its parent tells it
    /// whether the parent's own stdout is one.
    /// </summary>
    public static bool IsTerminal { get; set; } = !Console.IsOutputRedirected;

    /// <summary>
    /// The width of that terminal in columns; null when stdout is no terminal, or its width is not
    /// known.
    /// </summary>
    public static int? Width { get; set; } = IsTerminal ? TerminalWidth.OfStdout() : null;

    /// <summary>
    /// Prints a line to stdout; <see cref="OneLine"/> says how its characters are shown.
    /// </summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    public static void WriteLine(string line) => Console.WriteLine(OneLine.Of(line));

    /// <summary>
    /// Prints lines that are for another program: as they are, except to a terminal.
    /// </summary>
    /// <exception cref="IOException">They cannot be written.</exception>
    public static void WriteDocument(string lines) => Console.Write(IsTerminal ? OneLine.OfEach(lines) : lines);

    /// <param name="json">A document whose strings may have any character.</param>
    /// <exception cref="IOException">It cannot be written.</exception>
    public static void WriteJson(string json)
    {
        using var stdout = Console.OpenStandardOutput();
        stdout.Write(Encoding.UTF8.GetBytes(OneLine.OfJson(json) + '\n'));
    }

    /// <param name="lines">Each is printed as <see cref="WriteError"/> prints it.</param>
    public static void WriteErrors(string lines)
    {
        var text = lines.EndsWith('\n') ? lines[..^1] : lines;
        foreach (var line in text.Split('\n'))
            WriteError(line);
    }

    /// <summary>
    /// Prints a line to stderr. The work goes on where it cannot be written, as on a terminal that
    /// has gone (EIO) or was closed (EBADF).
    /// </summary>
    public static void WriteError(string line)
    {
        try
        {
            Console.Error.WriteLine(OneLine.Of(line));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // There is no place left for a message about this.
        }
    }
}
