using System.Globalization;
using LibvirtMdevHook.Simulator.Tree;

namespace LibvirtMdevHook.Simulator.Fuse;

/// <summary>The process behind a request.</summary>
internal static class Caller
{
    public static unsafe int Of(nint request) => ProcessOf(LibFuse.RequestContext(request)->Thread);

    private static int ProcessOf(int thread)
    {
        const string key = "Tgid:";
        try
        {
            var line = File.ReadLines($"/proc/{thread}/status").First(line => line.StartsWith(key, StringComparison.Ordinal));
            return int.Parse(line.AsSpan(key.Length), NumberStyles.AllowLeadingWhite, CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            // It has been killed meanwhile.
            return TreeFile.NoProcess;
        }
    }
}
