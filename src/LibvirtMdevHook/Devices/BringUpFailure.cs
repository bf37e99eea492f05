using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Devices;

/// <summary>Why a record could not be brought up.</summary>
/// <param name="Sentence">About the device, without the domain.</param>
/// <param name="Parent">Which parent refused; null when none did.</param>
/// <param name="Reason">Why the parent refused, as half a sentence.</param>
internal sealed record BringUpFailure(string Sentence, Retry Retry, SysfsName? Parent = null, string Reason = "")
{
    /// <summary>The parent's GPU; null when no parent refused.</summary>
    public SysfsName? Gpu { get; init; }

    /// <summary>
    /// The two types, in words, where a device of the domain with another framebuffer size had been
    /// made on the GPU before; null where none had.
    /// </summary>
    public string? TwoSizes { get; init; }
}

/// <summary>Whether a new plan may come out better.</summary>
internal enum Retry
{
    No,

    /// <summary>With the same parents, in a moment.</summary>
    Soon,

    /// <summary>Without the parent that refused.</summary>
    Elsewhere,

    /// <summary>Not in the time that is left; what went wrong before says more.</summary>
    TooLate,
}
