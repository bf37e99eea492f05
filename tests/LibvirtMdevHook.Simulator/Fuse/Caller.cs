using System.Globalization;
using LibvirtMdevHook.Simulator.Tree;

namespace LibvirtMdevHook.Simulator.Fuse;

/// <summary>Who is behind a request: a user, and a process of it.</summary>
internal readonly record struct Caller(uint User, int Process)
{
    public static unsafe Caller Of(nint request) => new(UserOf(request), ProcessOf(LibFuse.RequestContext(request)->Thread));

    public static unsafe uint UserOf(nint request) => LibFuse.RequestContext(request)->Uid;

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
