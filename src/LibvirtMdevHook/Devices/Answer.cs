namespace LibvirtMdevHook.Devices;

/// <summary>How an operation ended.</summary>
/// <param name="Sentence">
/// For the person who started the domain or called the command; empty where there is nothing to
/// say.
/// </param>
/// <param name="Xml">
/// What libvirt has to take in place of the domain XML that it gave; empty where that stays as it
/// is.
/// </param>
internal sealed record Answer(bool IsGood, string Sentence, ReadOnlyMemory<byte> Xml)
{
    public static readonly Answer Good = new(true, "", default);

    /// <param name="sentence">For the person who asked for it.</param>
    public static Answer Done(string sentence) => new(true, sentence, default);

    public static Answer Rewritten(ReadOnlyMemory<byte> xml) => new(true, "", xml);

    public static Answer Refused(string sentence) => new(false, sentence, default);

    /// <param name="reason">
    /// The one place that puts the domain in front; a plan's refusal has it already.
    /// </param>
    public static Answer Refused(string domain, string reason)
    {
        var prefix = $"domain '{domain}': ";
        return Refused(reason.StartsWith(prefix, StringComparison.Ordinal) ? reason : prefix + reason);
    }
}
