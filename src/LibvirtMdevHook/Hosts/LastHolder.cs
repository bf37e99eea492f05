using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Hosts;

/// <summary>
/// Who holds a device that is waited for. The holder that was seen last is looked at first; all of
/// /proc is read only when that one has let go.
/// </summary>
internal sealed class LastHolder(Root root)
{
    /// <summary>How long a look that found nobody is good enough for a message.</summary>
    private static readonly TimeSpan UnseenTime = TimeSpan.FromSeconds(30);

    private VfioHolder? _known;
    private Deadline _unseen;

    /// <summary>For a device that the kernel calls busy.</summary>
    /// <returns>Null when nobody is seen to hold it.</returns>
    public VfioHolder? FindHolder(VfioNodes nodes)
    {
        if (_known?.IsStillThere == true)
            return _known;
        if (_known is null && !_unseen.Passed)
            return null;
        _known = new VfioHolders(root).Of(nodes);
        _unseen = Deadline.After(UnseenTime);
        return _known;
    }

    /// <returns>
    /// What <see cref="VfioHolders.WhyNotFree"/> says now; null is never an answer from before.
    /// </returns>
    public Reason? WhyNotFree(VfioNodes nodes)
    {
        if (_known?.IsStillThere == true)
            return _known.WhyNotFree;
        var holders = new VfioHolders(root);
        _known = holders.Of(nodes);
        return holders.WhyNotFree(nodes);
    }
}
