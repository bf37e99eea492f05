using LibvirtMdevHook.Domains;

namespace LibvirtMdevHook.Planning;

/// <summary>Why a domain cannot have its devices, in a sentence for people.</summary>
/// <param name="Device">The device it is about; null when it is about several.</param>
/// <param name="CuredBy">Whether waiting can help.</param>
internal sealed record Refusal(DeviceId? Device, string Text, CuredBy CuredBy);

/// <summary>What may turn a refusal into a plan.</summary>
internal enum CuredBy
{
    Nothing,

    /// <summary>A device that is still being removed.</summary>
    Removal,

    /// <summary>The vendor's daemons may not have offered the type yet.</summary>
    Types,
}
