using System.Collections.Immutable;

namespace LibvirtMdevHook.Simulator;

/// <summary>The command line.</summary>
/// <param name="HostFile">The host to simulate.</param>
/// <param name="MountPoint">Where its tree appears.</param>
/// <param name="Log">The file to append the log to.</param>
/// <param name="Keep">Folders below sys that stay empty, so that the real ones can be bound there.</param>
internal sealed record Arguments(string HostFile, string MountPoint, string? Log, ImmutableArray<string> Keep)
{
    public const string Usage = "Usage: mdev-simulator HOSTFILE MOUNTPOINT [--log FILE] [--keep FOLDER,FOLDER,...]";

    public static Arguments? Parse(ReadOnlySpan<string> words)
    {
        if (words.Length < 2 || words[0].StartsWith('-'))
            return null;
        var arguments = new Arguments(words[0], Path.GetFullPath(words[1]), null, []);
        for (var rest = words[2..]; rest.Length > 0; rest = rest[2..])
        {
            switch (rest)
            {
                case ["--log", var file, ..]:
                    arguments = arguments with { Log = file };
                    break;
                case ["--keep", var folders, ..]:
                    arguments = arguments with { Keep = [.. folders.Split(',', StringSplitOptions.RemoveEmptyEntries)] };
                    break;
                default:
                    return null;
            }
        }

        return arguments;
    }
}
