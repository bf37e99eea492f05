namespace LibvirtMdevHook.Linux;

/// <summary>Something of the host cannot be read or used.</summary>
internal sealed class HostException : IOException
{
    public HostException(string what, Errno error) : base($"{what}: {error.InWords}") => (What, Error) = (Message, error);

    public HostException(string what, string remedy) : base($"{what}; {remedy}") => (What, Remedy) = (what, remedy);

    /// <summary>The message without the remedy.</summary>
    public string What { get; }

    /// <summary>The kernel's answer; <see cref="Errno.None"/> where the kernel has answered, and the answer is the problem.</summary>
    public Errno Error { get; }

    /// <summary>What to do about it; null where this is not known.</summary>
    public string? Remedy { get; }
}
