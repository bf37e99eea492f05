using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Records;

/// <summary>Where records that are never acted on are moved, for people to look at.</summary>
internal sealed class SetAsideFolder(HostPath path)
{
    private const uint OwnersAlone = 0x1c0;

    public IEnumerable<HostPath> Files() => HostFile.List(path).Select(name => path / name);

    /// <summary>Moves a file here.</summary>
    /// <param name="name">The file's own name.</param>
    /// <param name="place">Where it lies afterwards.</param>
    /// <returns>Why it cannot be moved; null when it was.</returns>
    public Reason? TryTake(HostPath file, string name, out HostPath place)
    {
        place = path / $"{name}.{Environment.TickCount64}";
        Libc.mkdir(path.Text, OwnersAlone);
        var isMoved = Libc.rename(file.Text, place.Text) == 0;
        return isMoved ? null : Reason.Of("it cannot be moved away", Errno.Last());
    }
}
