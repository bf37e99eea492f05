using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Records;

/// <summary>Where records that are not trusted are moved, for people to look at.</summary>
/// <param name="report">Told, in a sentence, of each file.</param>
/// <param name="isForReading">Nothing is moved.</param>
internal sealed class SetAsideFolder(HostPath path, Action<string> report, bool isForReading)
{
    private const uint OwnersAlone = 0x1c0;

    public IEnumerable<HostPath> Files() => HostFile.List(path).Select(name => path / name);

    public void Take(HostPath file, string name, Reason reason)
    {
        if (isForReading)
        {
            report($"the record '{file}' is not to be trusted: {reason}");
            return;
        }

        var place = path / $"{name}.{Environment.TickCount64}";
        Libc.mkdir(path.Text, OwnersAlone);
        var isMoved = Libc.rename(file.Text, place.Text) == 0;
        var outcome = isMoved ? $"it now lies at '{place}'" : $"it cannot be moved away: {Errno.Last().InWords}";
        report($"the record '{file}' is not acted on: {reason}; {outcome}");
    }
}
