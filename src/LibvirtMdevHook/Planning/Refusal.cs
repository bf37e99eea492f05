using LibvirtMdevHook.Domains;

namespace LibvirtMdevHook.Planning;

/// <summary>Why a domain cannot have its devices, in a sentence for people.</summary>
/// <param name="Device">
/// The device that the refusal is about; null when it is about several.
/// </param>
/// <param name="CuredBy">What to wait for.</param>
internal sealed record Refusal(DeviceId? Device, string Text, CuredBy CuredBy);

/// <summary>What may turn a refusal into a plan.</summary>
internal enum CuredBy
{
    Nothing,

    /// <summary>The end of a removal.</summary>
    Removal,

    /// <summary>
    /// The start of another domain: once its devices exist, the driver says what fits beside them.
    /// </summary>
    Start,

    /// <summary>
    /// New types: the vendor's daemons may not have offered the declared one yet, or the driver
    /// does not answer.
    /// </summary>
    Types,
}
