using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Records;

/// <summary>
/// What the file of a record holds: a record, one of a newer version, or something that is not to
/// be trusted. All three are null when there is no file, or when it means nothing.
/// </summary>
internal sealed record RecordContent(Record? Record = null, NewerRecord? Newer = null, UntrustedRecord? Untrusted = null)
{
    public static readonly RecordContent None = new();

    public string? Boot => Record?.Boot ?? Newer?.Boot;

    /// <summary>
    /// For the log, what the file is and that it stays as it is; null for a record of this version.
    /// </summary>
    public string? Notice
    {
        get
        {
            if (Newer is not null)
                return $"{Newer}; it is left as it is, and its devices count as taken";
            if (Untrusted is null)
                return null;
            return $"the record '{Untrusted.File}' is not acted on: {Untrusted.Reason}; it is left as it is; its devices are not known, so "
                + "only those count that the host shows; 'virt-mdev reconcile --apply' sets it aside";
        }
    }
}

/// <summary>A file in the place of a record that must not be acted on.</summary>
/// <param name="Reason">Why it is not to be trusted.</param>
internal sealed record UntrustedRecord(HostPath File, Reason Reason)
{
    public override string ToString() => $"the record '{File}' is not to be trusted: {Reason}";
}
