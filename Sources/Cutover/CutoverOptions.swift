/// What a cutover was asked to do.
package struct CutoverOptions: Sendable {
  package var settings: SwitchSettings
  /// The role that the application connects to PostgreSQL as; nil where nobody named it.
  package var applicationRole: String?
  /// A file that keeps it ready, and from switching, for as long as it is there.
  package var postponeFlag: String?
  /// Shell commands around the pause: what the one stopped the other lets go on, whatever happens.
  package var freeze: String?
  package var thaw: String?
  /// Seconds to watch the application after the switch.
  package var watch: Double?
  /// Whether what the watch finds takes the switch back.
  package var rollsBackOnFailure: Bool
  /// Whether a backup of the source is made first.
  package var makesBackup: Bool
  /// How old the last clean verify may be, in seconds, before cutover runs one itself.
  package var verifiedWithin: Double
  /// Whether an older one is a NO-GO instead.
  package var requiresVerified: Bool

  package init(
    _ settings: SwitchSettings, applicationRole: String? = nil, postponeFlag: String? = nil, freeze: String? = nil,
    thaw: String? = nil, watch: Double? = nil, rollsBackOnFailure: Bool = false, makesBackup: Bool = false,
    verifiedWithin: Double = 86_400,
    requiresVerified: Bool = false
  ) {
    self.settings = settings
    self.applicationRole = applicationRole
    self.postponeFlag = postponeFlag
    self.freeze = freeze
    self.thaw = thaw
    self.watch = watch
    self.rollsBackOnFailure = rollsBackOnFailure
    self.makesBackup = makesBackup
    self.verifiedWithin = verifiedWithin
    self.requiresVerified = requiresVerified
  }
}
