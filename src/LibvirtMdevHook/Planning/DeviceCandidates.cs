using System.Collections.Immutable;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Records;

namespace LibvirtMdevHook.Planning;

/// <summary>A declared device with the parents that were considered for it.</summary>
/// <param name="Foreign">The claim on a device that exists and is not ours; null when a device is to be made.</param>
/// <param name="Refusal">Why no parent and no existing device can serve; null when one can.</param>
internal sealed record DeviceCandidates(DeclaredHostdev Hostdev, ImmutableArray<Candidate> Candidates, Claim? Foreign, Refusal? Refusal)
{
    public static DeviceCandidates Refused(DeclaredHostdev hostdev, Refusal refusal) => new(hostdev, [], null, refusal);
}
