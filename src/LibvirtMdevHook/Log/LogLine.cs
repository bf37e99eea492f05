using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Log;

/// <summary>
/// A line of the log file and the journal. A refusal may have 16,000 characters, and whoever may
/// start a domain causes one at each try, so the log keeps the beginning. The person who started
/// the domain gets all of it.
/// </summary>
internal static class LogLine
{
    private const int LongestMessage = 1000;

    /// <summary>The name of a domain is part of it, and may be as long as a message.</summary>
    private const int LongestSubject = 300;

    /// <param name="subject">What the line is about: the operation and the domain.</param>
    public static string Of(string subject, string message) => $"{Short(subject, LongestSubject)}: {Short(message, LongestMessage)}";

    private static string Short(string text, int longest)
    {
        var line = OneLine.Of(text);
        return line.Length <= longest ? line : $"{line[..longest]}...";
    }
}
