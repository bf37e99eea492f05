namespace LibvirtMdevHook.Linux;

/// <summary>
/// Something of the host cannot be read, made or used. Whoever reports it can tell a missing
/// permission from other errors, and knows whether the message says what to do.
/// </summary>
internal sealed class HostException : IOException
{
    public HostException(string what, Errno error) : base($"{what}: {error.InWords}") => (What, Error) = (Message, error);

    public HostException(string what, string remedy) : base($"{what}; {remedy}") => (What, Remedy) = (what, remedy);

    /// <summary>The message without the remedy.</summary>
    public string What { get; }

    /// <summary><see cref="Errno.None"/> when no system call has failed.</summary>
    public Errno Error { get; }

    /// <summary>What to do, as a clause; null when this is not known.</summary>
    public string? Remedy { get; }
}
